"""Boxes, outlines and masks that people drew, in the formats of their tools, in and out."""

from osteon.sources.annotations.exporting import write_annotations
from osteon.sources.annotations.formats import all_formats, find_format
from osteon.sources.annotations.importing import read_annotations, read_raw

__all__ = ["all_formats", "find_format", "read_annotations", "read_raw", "write_annotations"]
