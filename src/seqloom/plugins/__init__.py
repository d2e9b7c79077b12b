"""Members of families from outside: plugins, which are Python modules that hold literal tables.

    ATTENTIONS = {"mine": (MineConfig, Mine)}       # in a module of yours, such as mine.py

    seqloom.plugins.use("mine.py")                  # or: seqloom train --plugin mine.py ...
    seqloom.train(pairs, settings={"model.attention": "mine"})

A plugin is a file that the user names, or a module of an installed package, which its entry point names in the group
`seqloom.plugins`. Installed plugins are imported when a name is asked for that is not one of Seqloom's own. A model
folder says which plugins its model needs; it never holds their code, and reading it never runs any that the user has
not named or installed. No torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from shlex import quote

from seqloom.errors import ConfigError, SeqloomError
from seqloom.plugins.families import HOMES, Family, instance_of, pair_of, sections
from seqloom.plugins.needs import Need, PluginWarning, check_needs, needs_of, read_needs, written
from seqloom.plugins.plugin import GROUP, Plugin
from seqloom.plugins.registry import REGISTRY

__all__ = [
    "GROUP",
    "HOMES",
    "Family",
    "Need",
    "Plugin",
    "PluginWarning",
    "apart",
    "at_work",
    "check_needs",
    "files_in_use",
    "fingerprint",
    "in_use",
    "instance_of",
    "needs_of",
    "options",
    "pair_of",
    "read_needs",
    "require",
    "sections",
    "use",
    "use_all",
    "written",
]


def use(plugin: str) -> Plugin:
    """Put a plugin to use in this process and return it.

    `plugin` is the path of a Python file, whose code is run, or the name of an installed plugin. A file that is in use
    already is not run again unless its content has changed. Raises `ConfigError` where the file cannot be imported
    (with the line that fails), where one of its tables is malformed, where it holds a name that its family already has,
    and where another plugin has the same name.
    """
    return REGISTRY.use(str(plugin))


def use_all(plugins: Iterable[str]) -> None:
    """Put several plugins to use, one after the other, as `use` does."""
    for each in plugins:
        REGISTRY.use(str(each))


def in_use() -> tuple[Plugin, ...]:
    """The plugins that are in use in this process, those of installed packages included; these are imported now."""
    REGISTRY.look()
    return tuple(REGISTRY.plugins.values())


def require(plugins: Iterable[str]) -> None:
    """Raise `ConfigError` unless each of these plugins, files or names, is in use; no file is run."""
    for each in plugins:
        REGISTRY.require(each)


def files_in_use() -> list[str]:
    """The files that were put to use in this process, as they were named; another process can `use_all` of them."""
    return [each.path for each in REGISTRY.plugins.values() if each.path]


def options() -> str:
    """The options of the command line that put the same files to use in another process, with a space before each."""
    return "".join(f" --plugin {quote(path)}" for path in files_in_use())


def fingerprint(table: str, name: str) -> str:
    """The SHA-256 of the plugin that a member comes from; an empty text for one of Seqloom's own."""
    owner = REGISTRY.owner(table, name)
    return "" if owner is None else owner.sha256


@contextmanager
def at_work(member: str, where: str = "") -> Iterator[None]:
    """A context in which a plugin's member works: what goes wrong in it becomes a `ConfigError` in words."""
    try:
        yield
    except SeqloomError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"the {member} of a plugin fails: {reason}", where=where) from error


@contextmanager
def apart() -> Iterator[None]:
    """A context with no plugin in use at its beginning; on leaving it, the plugins are those of before. For tests."""
    before, looked = dict(REGISTRY.plugins), REGISTRY.looked
    REGISTRY.plugins.clear()
    REGISTRY.looked = False
    try:
        yield
    finally:
        REGISTRY.plugins.clear()
        REGISTRY.plugins.update(before)
        REGISTRY.looked = looked
