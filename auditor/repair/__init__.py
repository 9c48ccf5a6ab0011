"""Backdoored checkpoint -> repaired checkpoint, verified: methods, tuning, saving, the verdict."""
