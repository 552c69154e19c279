"""Messages: send, search and follow."""
