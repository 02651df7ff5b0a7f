"""The command `paperfleet`."""
