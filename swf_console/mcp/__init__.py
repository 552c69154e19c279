"""The door for assistants: operations as tools of the Model Context Protocol.

It stands beside the command line, above operations. What a tool does is an operation; here are its name,
its arguments, and how its answer is cut to a size that can be read.
"""
