"""Single lines and texts."""
