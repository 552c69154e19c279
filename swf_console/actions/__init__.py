"""What can be done in the console, and with which keys."""
