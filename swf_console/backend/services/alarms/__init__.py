"""Alarms: rules, the list of one console, and the verdict."""
