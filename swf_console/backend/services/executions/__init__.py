"""Executions: asked for, run, stopped, recovered and looked up."""
