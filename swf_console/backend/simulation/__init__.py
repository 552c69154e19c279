"""Executions of workflows in simulated time, their loading, their dry run and its prediction."""
