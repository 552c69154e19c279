"""The workflow runner: its control queue, and the client that sends commands to it."""
