"""The embedded broker: STOMP 1.0 to 1.2 on loopback, a process of its own on the standard library alone."""
