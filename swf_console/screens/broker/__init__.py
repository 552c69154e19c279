"""The Broker screen."""
