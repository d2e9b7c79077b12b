"""What is a trial's own fault, and what any other trial would meet as well."""

from __future__ import annotations

from pathlib import Path

from seqloom.errors import ConfigError, DataError, TrainingError
from seqloom.training.memory import out_of_memory

ATTEMPTS = 3
"""Times that a trial is taken up in vain before it is given up."""
ALIKE = 3
"""Trials in a row that fail alike before the sweep stops: of memory, or of anything as long as none has ended well."""


MEMORY = "memory is not enough"


def fault(error: Exception, folder: Path) -> str:
    """Why a trial in `folder` has failed by its own settings; empty where the sweep is to stop and leave it unfinished.

    Its own are settings that do not go together, limits that leave no data (errors about a file name it), numbers that
    are not finite, and a model too large for the memory. A full disk, a missing file, a damaged folder or a folder in
    use is none of its fault.
    """
    if out_of_memory(error) or (isinstance(error.__cause__, Exception) and out_of_memory(error.__cause__)):
        return MEMORY
    if isinstance(error, TrainingError):
        return error.message
    if isinstance(error, ConfigError) and error.where != str(folder):
        return error.message
    if isinstance(error, DataError) and not error.where:
        return error.message
    return ""
