"""What closed trades came to, on a real database."""
