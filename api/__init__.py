"""The Litestar HTTP surface and its event streams."""
