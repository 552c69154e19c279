"""Rows of STF files."""

from ..backend.database.files import advance_stf_files as advance
from ..backend.database.files import register_stf_files as register

__all__ = ["advance", "register"]
