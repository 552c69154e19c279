"""Drivers, key decoding and event loop."""
