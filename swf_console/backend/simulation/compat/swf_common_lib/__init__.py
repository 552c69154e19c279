"""Replaces the package of the existing testbed if that is not installed."""
