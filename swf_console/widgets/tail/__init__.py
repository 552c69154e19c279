"""Live tails and logs."""
