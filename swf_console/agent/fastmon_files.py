"""Rows of TF samples."""

from ..backend.database.files import fastmon_id as id_of
from ..backend.database.files import register_fastmon_files as register

__all__ = ["id_of", "register"]
