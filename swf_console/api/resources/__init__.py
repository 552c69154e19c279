"""The resources of the interface, one module each."""
