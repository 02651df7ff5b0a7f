"""The command from outside."""
