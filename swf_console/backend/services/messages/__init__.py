"""Messages: sent by users, searched and followed."""
