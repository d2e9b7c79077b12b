"""The errors that Seqloom raises. A message says what must hold, what came instead and where, and gives a hint.

    SeqloomError (ValueError)
    ├── ConfigError       a setting is unknown, has a wrong value, or contradicts another
    ├── DataError         a data file is missing, or one of its lines is malformed
    ├── ModelFolderError  a model folder is missing, damaged, or from another version
    ├── DiskError         something cannot be written: a full disk, a read-only folder, a file in the way
    ├── TrainingError     a run cannot continue: its numbers are not finite, or a pair does not fit into memory
    ├── EngineError       a model is asked for something that its engine cannot do
    └── DependencyError   an optional package is not installed

A user can mend the cause of all of these: the command line prints them without a traceback and exits with code 2.
Hints are written with the flags of the command line; the text of an error that reaches Python names Python's arguments.
Mistakes in Seqloom itself show as failed `assert`s and ordinary exceptions.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

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
"""Modules that the extra `train` installs; their absence is reported with a hint to install it."""


class SeqloomError(ValueError):
    """An error that a user can mend.

    `message` says what is wrong, without a full stop; `where` is a file and maybe a line; `hint` says what to do. As
    text, an error names arguments of Python; `on_command_line` is its text with the flags of commands.
    """

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        self.message, self.where, self.hint = message, where, hint
        super().__init__(str(self))

    def __str__(self) -> str:
        return in_python(self.on_command_line)

    @property
    def on_command_line(self) -> str:
        """The text of the error for a user of commands."""
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\nhint: {self.hint}" if self.hint else head


class ConfigError(SeqloomError):
    """A setting is unknown, has a wrong value, or contradicts another one."""


class DataError(SeqloomError):
    """Input data are missing or malformed; `where` names the file and the line as `file:line`."""


class ModelFolderError(SeqloomError):
    """A model folder is missing, incomplete or altered, or has a format that this version does not read."""


class DiskError(SeqloomError):
    """Something could not be written; the files that were there before are unharmed."""


class TrainingError(SeqloomError):
    """A training run cannot continue by itself; the states it has saved remain usable."""


class EngineError(SeqloomError, AttributeError):
    """The engine that a model was loaded with does not offer the requested method."""


class DependencyError(SeqloomError, ImportError):
    """An optional package is needed and not installed."""


RESUMED = re.compile(r"seqloom train --output ('[^']*'|[^\s;,]+) --resume(?: --plugin=?\s?[^\s;,]+)*")
TRAINED = re.compile(r"seqloom train(?: --train)? (\w[\w.]*) ?…")
TAGGED = re.compile(r"--tag \w+ \(data\.fixed_tags\)")
COMMAND = re.compile(r"\b(?:seqloom [a-z]+|pip install|torchrun)\b[^;,()\n]*")
FLAG = re.compile(r"--([a-z][\w-]*)(?:[= ](\d+\b|[\w.]+=(?:'[^']*'|[^\s;,]+)|[\w./]+\.py\b|[a-z]+$))?")
SWITCHES = frozenset({"overwrite", "resume", "int8"})
"""Flags without a value: arguments that are True or False."""


def in_python(text: str) -> str:
    """A text with flags of the command line as the arguments of Python that mean the same.

    `--overwrite` becomes `overwrite=True`, `--set data.delimiter=tab` becomes `settings=["data.delimiter=tab"]`. Whole
    commands stay, except those that train, as they can be typed in a terminal.
    """
    text = TAGGED.sub("the setting data.fixed_tags", text)
    text = RESUMED.sub(lambda found: f"seqloom.train(…, output={_unquoted(found[1])!r}, resume=True)", text)
    text = TRAINED.sub(lambda found: f'seqloom.train("{found[1]}")', text)
    parts, end = [], 0
    for command in COMMAND.finditer(text):
        parts += [FLAG.sub(_argument, text[end : command.start()]), command[0]]
        end = command.end()
    return "".join([*parts, FLAG.sub(_argument, text[end:])])


def _argument(flag: re.Match[str]) -> str:
    """The argument of Python that a flag stands for."""
    name, value = flag[1].replace("-", "_"), flag[2]
    match name:
        case "set":
            return f'settings=["{value}"]' if value else "settings="
        case "plugin":
            return f'plugins=["{value}"]' if value else "plugins="
        case _ if name in SWITCHES:
            return f"{name}=True" + (f" {value}" if value else "")
        case _ if value and not value.isdecimal():
            return f'{name}="{value}"'
        case _:
            return f"{name}={value or ''}"


def _unquoted(path: str) -> str:
    return path.strip("'")


def missing_package(package: str, extra: str, purpose: str) -> DependencyError:
    """The error for a missing package that one of our extras installs; `purpose` begins the message."""
    return DependencyError(f"{purpose} needs the package {package}", hint=install_command(extra))


def install_command(extra: str) -> str:
    """The command that installs one of our extras, from where Seqloom itself was installed: a folder, or an index."""
    metadata = import_module("importlib.metadata")
    try:
        origin = json.loads(metadata.distribution("seqloom").read_text("direct_url.json") or "{}")
    except metadata.PackageNotFoundError:  # run from its sources
        origin = {"url": Path(__file__).parents[2].as_uri(), "dir_info": {"editable": True}}
    if "dir_info" in origin:
        folder = import_module("urllib.request").url2pathname(origin["url"].removeprefix("file://"))
        editable = "-e " if origin["dir_info"].get("editable") else ""
        return f'pip install {editable}"{folder}[{extra}]"'
    at = f" @ git+{origin['url']}" if "vcs_info" in origin else ""
    return f'pip install "seqloom[{extra}]{at}"'


def absent(error: ModuleNotFoundError, purpose: str) -> ModuleNotFoundError | DependencyError:
    """A `DependencyError` if the missing module belongs to the extra `train`, otherwise the given error."""
    package = (error.name or "").partition(".")[0]
    return missing_package(package, "train", purpose) if package in TRAINING else error


def suggestion(name: str, known: Iterable[str], some: Iterable[str] = (), *, before: str = "") -> str:
    """A hint for an unknown name: the most similar known name, with what stands `before` it, or the list of all known
    names, of which `some` are known to some kinds only."""
    names, rare = sorted(known), sorted(some)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {before}{close[0]}?"
    listed = f"known: {', '.join(each for each in names if each not in rare)}"
    return f"{listed}; to some kinds only: {', '.join(rare)}" if rare else listed
