"""De-identification by DICOM PS3.15: one file for each part, from the rules to the run."""
