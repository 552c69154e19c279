"""Finds, starts and controls the supervisord of a home."""
