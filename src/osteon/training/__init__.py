"""From prepared pixels to weights: one loop for every model."""
