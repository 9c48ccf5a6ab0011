"""Instances of a base's own labels, made from its head: activation maximisation with priors."""
