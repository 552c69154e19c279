"""Agents: their state, their control, their logs."""
