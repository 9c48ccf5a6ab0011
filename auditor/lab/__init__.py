"""Red-team side: models with a known truth, and measurements of the scanner."""
