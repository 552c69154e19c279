"""The bars of the frame: status, screens, keys."""
