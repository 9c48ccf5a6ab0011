"""What runs in the box, and what is done outside before: everything that needs the network."""
