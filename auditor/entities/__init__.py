"""Where entity instances come from."""
