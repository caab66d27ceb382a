"""Reader studies: design, answers, analysis."""
