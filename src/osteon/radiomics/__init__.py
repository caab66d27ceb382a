"""Texture and shape features by the IBSI's definitions."""
