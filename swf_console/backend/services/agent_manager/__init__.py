"""Agent manager."""
