"""Messages in and out over STOMP: connections, publishers, subscribers, the recorder."""
