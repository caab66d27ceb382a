"""Networks: encoders, heads, detectors, classifiers, and the model package."""
