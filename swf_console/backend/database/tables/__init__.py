"""The tables: names and columns are those of the existing monitor, what is ours is additive and nullable."""
