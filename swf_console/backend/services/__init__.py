"""Use cases for all interfaces: console, command line, control queue, REST and MCP."""
