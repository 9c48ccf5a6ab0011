"""The box that a model runs in: a child process that can do little, and may die."""
