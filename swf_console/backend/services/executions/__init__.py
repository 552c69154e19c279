"""Executions: requested, run, stopped, recovered and listed."""
