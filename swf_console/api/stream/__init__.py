"""The live stream of messages (server-sent events)."""
