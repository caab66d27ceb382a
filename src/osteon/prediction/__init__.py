"""From a model package and a film to a result with its explanation."""
