"""The status of a home and of the system."""
