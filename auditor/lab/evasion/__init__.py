"""Attackers who know auditor: what they change, and how much of it is still found."""
