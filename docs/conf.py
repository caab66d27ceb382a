"""Sphinx settings."""

from osteon._version import __version__

project = "Osteon"
author = "The Osteon contributors"
copyright = "2026, the Osteon contributors"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"Osteon {__version__}"
exclude_patterns = ["_build"]
autosummary_generate = True
autodoc_typehints = "description"
myst_heading_anchors = 3
