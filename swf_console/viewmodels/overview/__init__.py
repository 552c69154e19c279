"""The overview: verdict, running executions, recent changes."""
