"""The client package and the commands that talk through it, against a running API."""
