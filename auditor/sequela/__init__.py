"""What a repair changed besides the backdoor: one file a measure, one score."""
