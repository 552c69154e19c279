"""The broker and what it holds."""
