"""The Fast processing screen."""
