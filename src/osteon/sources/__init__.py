"""Where data comes from: files, archives, PACS, annotations, clinical tables."""
