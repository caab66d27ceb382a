"""From a volume to a radiograph: pose, detector, attenuation, projector."""
