"""The stages, one file each; a recipe names those it uses, in order."""
