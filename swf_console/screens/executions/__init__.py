"""The Executions screen."""
