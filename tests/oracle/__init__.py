"""What must become of a trade, found without any of the product's code, by plain and slow means."""
