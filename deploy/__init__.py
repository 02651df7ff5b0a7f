"""How the product is run: the local stack and the simulated exchange."""
