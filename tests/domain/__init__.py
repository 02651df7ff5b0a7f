"""The domain against independent oracles, and its laws on made-up tapes."""
