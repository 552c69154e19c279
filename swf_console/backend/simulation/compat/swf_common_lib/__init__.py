"""Replaces the old testbed's package where that is not installed."""
