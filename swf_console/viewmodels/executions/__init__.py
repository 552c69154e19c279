"""Executions: lists, details, logs, launching."""
