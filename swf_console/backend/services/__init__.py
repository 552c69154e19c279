"""Use cases that every front end calls: console, command line, control queue, REST and MCP."""
