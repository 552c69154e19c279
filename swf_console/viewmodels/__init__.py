"""Viewmodels."""
