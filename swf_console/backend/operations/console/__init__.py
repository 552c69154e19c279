"""What the console needs from below: proof of life of each pipe, the live tail, its journal, its memory."""
