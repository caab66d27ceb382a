"""What travels between the stages: records, tables, geometry, labels. No images, no torch."""
