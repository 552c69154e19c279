"""Stands in for the old testbed's package where that is not installed."""
