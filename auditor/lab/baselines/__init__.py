"""Published detectors, each re-implemented from its paper, to measure the scanner beside."""
