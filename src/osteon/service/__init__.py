"""The DICOM node: receives films, returns results."""
