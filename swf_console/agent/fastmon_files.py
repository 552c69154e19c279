"""Rows of TF samples."""

from ..backend.database.fastmon_files import id_of, register

__all__ = ["id_of", "register"]
