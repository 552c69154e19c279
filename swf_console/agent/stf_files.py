"""Rows of STF files."""

from ..backend.database.stf_files import advance, register

__all__ = ["advance", "register"]
