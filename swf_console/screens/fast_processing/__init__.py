"""Fast processing."""
