"""What processes share: the weight budget, the price cache and the doorbell in Redis."""
