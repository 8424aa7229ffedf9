"""Times and sizes: steps, predictions, first fits, exported networks."""
