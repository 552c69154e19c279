"""The interface for assistants: operations of services as tools of the Model Context Protocol.

A tool checks its arguments, calls a service, and limits the size of the answer.
"""
