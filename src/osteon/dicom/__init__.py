"""What DICOM is, without a network: open, decode, describe, write."""
