"""The interface for assistants: operations of services as tools of the Model Context Protocol.

A tool has a name, arguments, and an answer cut to a size that can be read; services do what it does.
"""
