"""The Definitions screen."""
