"""The live tail: buffer, filter, history, search."""
