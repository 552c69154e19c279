"""The terminal operations console for streaming workflows in large physics experiments."""

__version__ = "0.1.0"
