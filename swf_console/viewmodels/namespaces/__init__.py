"""Namespaces and testbed.toml."""
