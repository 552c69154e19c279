"""The supervisord of a home: found, started, asked and controlled."""
