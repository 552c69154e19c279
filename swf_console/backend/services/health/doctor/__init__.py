"""The checks of `swf-console doctor`."""
