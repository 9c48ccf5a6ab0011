"""The detection benchmark: detectors over a zoo of known truth -> raw rows -> figures -> pages."""
