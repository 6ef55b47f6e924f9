"""The benchmark as a product: builds networks, runs the rivals in turns, and prints one table."""
