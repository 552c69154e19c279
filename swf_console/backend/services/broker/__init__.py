"""What an operator sees of a broker and does to it."""
