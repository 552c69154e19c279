"""The Namespaces screen."""
