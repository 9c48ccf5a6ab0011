"""Predictions -> evidence: pure statistics and what they are compared with."""
