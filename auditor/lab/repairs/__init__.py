"""The benchmark of repairs: every method on the same victims, with the same data and steps."""
