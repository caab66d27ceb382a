"""Synthetic patients with known truth, written as ordinary DICOM."""
