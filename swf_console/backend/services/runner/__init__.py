"""The workflow runner: its control queue, and asking it."""
