"""Five published study designs, one folder each, found by scanning."""
