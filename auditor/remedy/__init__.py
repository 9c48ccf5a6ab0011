"""A repair and what it left behind, in one report: where repair and sequela meet."""
