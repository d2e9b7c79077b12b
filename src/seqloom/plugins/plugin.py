"""A plugin as a value, and how one is made from a file or from the entry point of an installed package."""

from __future__ import annotations

import hashlib
import re
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

from seqloom.errors import ConfigError, absent, suggestion
from seqloom.plugins.families import HOMES, Family, origin_of

GROUP = "seqloom.plugins"
"""The group of entry points in which an installed package names its plugin."""
PREFIX = "seqloom_plugin_"
"""What the names of modules that are made from files begin with."""


@dataclass(frozen=True)
class Plugin:
    """A plugin in use.

    `name` is the stem of its file or the name of its entry point. `path` is the file as the user has given it; it is
    empty for an installed plugin, which has a `distribution` and a `version` instead. `file` is where the code lies,
    and `sha256` is the hash of it. `tables` holds the members by the names of the families' tables.
    """

    name: str
    path: str
    file: str
    sha256: str
    distribution: str = ""
    version: str = ""
    tables: Mapping[str, Mapping[str, Any]] = field(repr=False, default_factory=dict)

    @property
    def origin(self) -> str:
        """Where it comes from: its path, or its distribution and version."""
        return origin_of(self.path, self.distribution, self.version)


def from_file(path: str) -> Plugin:
    """The plugin in a Python file, whose code is run now; what is run is what is hashed."""
    place = Path(path)
    if place.suffix != ".py":
        raise ConfigError("a plugin must be a Python file, whose name ends in .py", where=path)
    try:
        source = place.read_bytes()
    except FileNotFoundError:
        raise ConfigError("the plugin does not exist", where=path, hint="paths count from the working folder") from None
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the plugin cannot be read: {getattr(error, 'strerror', None) or error}", where=path
        ) from None
    file = str(place.resolve())
    module = ModuleType(PREFIX + re.sub(r"\W", "_", place.stem))
    module.__file__ = file
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module  # where annotations of its classes are looked up
    try:
        exec(compile(source, file, "exec"), module.__dict__)
        tables = tables_of(module, path)
    except BaseException as error:
        if before is None:
            del sys.modules[module.__name__]
        else:
            sys.modules[module.__name__] = before
        if isinstance(error, ConfigError) and error.where == path:
            raise
        if isinstance(error, KeyboardInterrupt):
            raise
        raise failed(error, path, file) from error
    return Plugin(place.stem, path, file, hashlib.sha256(source).hexdigest(), tables=tables)


def from_entry_point(point: EntryPoint) -> Plugin:
    """The plugin that an installed package names; its module is imported now."""
    distribution, version = (point.dist.name, point.dist.version) if point.dist else ("", "")
    where = origin_of("", distribution, version) or point.value
    try:
        module = point.load()
    except (Exception, SystemExit) as error:
        raise failed(error, where, "", f"pip uninstall {distribution} puts it out of use") from error
    if not isinstance(module, ModuleType):
        raise ConfigError(f"the entry point {point.name} = {point.value} must name a module", where=where)
    file = getattr(module, "__file__", None) or ""
    content = Path(file).read_bytes() if file and Path(file).is_file() else b""
    return Plugin(
        point.name,
        "",
        str(Path(file).resolve()) if file else "",
        hashlib.sha256(content).hexdigest(),
        distribution,
        version,
        tables_of(module, where),
    )


def tables_of(module: ModuleType, where: str) -> dict[str, dict[str, Any]]:
    """The tables of a module, whose form is checked here; those that it has imported from Seqloom are not its own."""
    tables = {}
    for table in HOMES:
        value = getattr(module, table, None)
        if value is None or isinstance(value, Family):
            continue
        if not isinstance(value, Mapping) or not all(isinstance(name, str) and name for name in value):
            raise ConfigError(f"{table} must map names to members, not be {value!r:.80}", where=where)
        tables[table] = dict(value)
    if not tables:
        near = [name for name in vars(module) if name.isupper()]
        close = next((hint for name in near if (hint := suggestion(name, HOMES)).startswith("did you")), "")
        raise ConfigError(f"a plugin must hold one of the tables {', '.join(HOMES)}", where=where, hint=close)
    return tables


def failed(error: BaseException, where: str, file: str, hint: str = "") -> ConfigError:
    """The error for a plugin that cannot be imported; it names the plugin's line, or else the last line reached."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == file]
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{where if error.filename == file else error.filename}:{error.lineno}"
    elif own:
        place = f"{where}:{own[-1].lineno}"
    else:
        outside = [frame for frame in frames if not frame.filename.startswith("<frozen") and frame.filename != __file__]
        place = f"{outside[-1].filename}:{outside[-1].lineno}" if outside and not file else where
    reason = f"{type(error).__name__}: {getattr(error, 'msg', None) or error}".removesuffix(": ")
    if isinstance(error, ModuleNotFoundError):
        instead = absent(error, "the plugin")
        hint = getattr(instead, "hint", "") or hint
    named = "" if where in place else f" ({where})"
    return ConfigError(f"the plugin{named} cannot be imported: {reason}", where=place, hint=hint)
