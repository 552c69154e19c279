"""Rows as the functions of this package take and return them: data, without a line of SQL."""
