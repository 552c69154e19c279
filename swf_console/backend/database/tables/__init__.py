"""The tables: names and columns of the existing monitor; our additions are nullable."""
