"""What the model and the reader see: grey values and volumes with geometry."""
