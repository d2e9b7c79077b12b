"""The tree of errors. Every message says what must hold, what came, where, and gives a hint.

    SeqloomError (ValueError)
    ├── ConfigError       a setting is unknown, malformed, or does not go with another
    ├── DataError         a file of pairs is missing or a line of it is bad
    ├── ModelFolderError  a model folder is missing, damaged, or from another version
    ├── DiskError         the system refuses to write: a full disk, a read-only place, a file in the way
    ├── TrainingError     a run cannot go on: its numbers are not finite, or a pair does not fit into memory
    ├── EngineError       a model is asked for what its engine cannot do
    └── DependencyError   an optional package is not installed

Errors of this tree are the user's to mend: the command line prints them without a traceback and exits with code 2.
Our own mistakes are `assert`s and ordinary exceptions.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

TRAINING = frozenset(
    {
        "filelock",
        "jaxtyping",
        "pyarrow",
        "rapidfuzz",
        "rouge_score",
        "sacrebleu",
        "sacremoses",
        "torch",
    }
)
"""Modules of the extra `train`."""


class SeqloomError(ValueError):
    """Something a user can mend: `message` without a full stop, `where` a file and line, `hint` what to do."""

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        self.message, self.where, self.hint = message, where, hint
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\nhint: {self.hint}" if self.hint else head


class ConfigError(SeqloomError):
    """A setting is unknown, has a wrong value, or contradicts another one."""


class DataError(SeqloomError):
    """Input data are missing or malformed; `where` is `file:line`."""


class ModelFolderError(SeqloomError):
    """A model folder is missing, incomplete, altered, or of a format this version does not read."""


class DiskError(SeqloomError):
    """Something could not be written; what was there before is unharmed."""


class TrainingError(SeqloomError):
    """A run cannot go on by itself; what it has saved is good."""


class EngineError(SeqloomError, AttributeError):
    """A model has no such method with the engine that it was loaded with."""


class DependencyError(SeqloomError, ImportError):
    """An optional package is needed and not installed."""


def missing_package(package: str, extra: str, purpose: str) -> DependencyError:
    """The error for a package that lives in an extra."""
    return DependencyError(f"{purpose} needs the package {package}", hint=f'pip install "seqloom[{extra}]"')


def absent(error: ModuleNotFoundError, purpose: str) -> ModuleNotFoundError | DependencyError:
    """The error for a package of the training extra that could not be imported; any other stays as it is."""
    package = (error.name or "").partition(".")[0]
    return missing_package(package, "train", purpose) if package in TRAINING else error


def suggestion(name: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name: the nearest known one, or the list of all."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(names)}"
