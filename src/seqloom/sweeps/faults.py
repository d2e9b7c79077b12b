"""Decide whether a trial failed because of its own settings, or for a reason that any other trial would meet as
well."""

from __future__ import annotations

from pathlib import Path

from seqloom.errors import ConfigError, DataError, TrainingError
from seqloom.training.memory import out_of_memory

ATTEMPTS = 3
"""Number of attempts to train a trial after which it is given up."""
ALIKE = 3
"""Number of trials in a row with the same failure after which the sweep stops: lack of memory, or any failure as long
as no trial has been evaluated."""


MEMORY = "memory is not enough"
"""The reason that is noted for a trial that did not fit into memory."""


def fault(error: Exception, folder: Path) -> str:
    """Return why a trial in `folder` failed because of its own settings; empty where the sweep must stop instead.

    A trial is at fault where its settings contradict each other, its limits leave no data, its numbers are not finite,
    or its model does not fit into memory. It is not where a disk is full, a file is missing, or a folder is damaged or
    in use: the sweep then stops and leaves the trial unfinished. An error about data is the trial's own if it names no
    file.
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
