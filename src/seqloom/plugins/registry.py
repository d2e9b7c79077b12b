"""The plugins that are in use in this process."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from threading import RLock
from typing import Any

from seqloom.errors import ConfigError, suggestion
from seqloom.plugins.families import HOMES, RESERVED, Family
from seqloom.plugins.plugin import GROUP, Plugin, from_entry_point, from_file


class Registry:
    """Plugins by name; installed ones are among them once they have been looked for."""

    def __init__(self) -> None:
        self.plugins: dict[str, Plugin] = {}
        self.looked = False
        self._lock = RLock()

    def use(self, given: str) -> Plugin:
        """Put a file, or an installed plugin by its name, to use."""
        with self._lock:
            if not given.endswith(".py") and not Path(given).is_file():
                return self._installed(given)
            file = str(Path(given).resolve())
            old = next((each for each in self.plugins.values() if each.file == file), None)
            plugin = from_file(given) if old is None or _changed(old) else old
            if plugin is not old:
                self._put(plugin, instead=old)
            return plugin

    def look(self) -> None:
        """Import the installed plugins, once."""
        with self._lock:
            if self.looked:
                return
            self.looked = True  # a plugin that asks for a family while it is imported finds those before it
            try:
                for point in entry_points(group=GROUP):
                    distribution = point.dist.name if point.dist else ""
                    old = self.plugins.get(point.name)
                    if old is not None and not old.path and old.distribution == distribution:
                        continue
                    plugin = from_entry_point(point)
                    if plugin.file not in [each.file for each in self.plugins.values()]:
                        self._put(plugin)
            except BaseException:
                self.looked = False
                raise

    def require(self, given: str) -> None:
        """Refuse a plugin that is not in use."""
        name = Path(given).stem if given.endswith(".py") else given
        if name not in self.plugins:
            self.look()
        if name not in self.plugins:
            option = f"--plugin {given}" if given.endswith(".py") else f"install the package with the plugin {given}"
            hint = f'{option}, or seqloom.plugins.use("{given}"); nothing that a folder or a run names is run by itself'
            raise ConfigError(f"the plugin {given} is needed and not in use", hint=hint)

    def member(self, table: str, name: str) -> Any:
        """A member of a plugin; `KeyError` where no plugin has it."""
        owner = self.owner(table, name)
        if owner is None:
            self.look()
            owner = self.owner(table, name)
        if owner is None:
            raise KeyError(name)
        return owner.tables[table][name]

    def names(self, table: str) -> Iterator[str]:
        """The names that plugins add to a table."""
        self.look()
        for plugin in list(self.plugins.values()):
            yield from plugin.tables.get(table, ())

    def owner(self, table: str, name: str) -> Plugin | None:
        """The plugin in use that a member comes from."""
        return next((each for each in self.plugins.values() if name in each.tables.get(table, ())), None)

    def _installed(self, name: str) -> Plugin:
        self.look()
        if name not in self.plugins:
            known = [each.name for each in self.plugins.values() if not each.path]
            hint = (
                suggestion(name, known)
                if known
                else "the name of a file ends in .py; no package with a plugin is there"
            )
            raise ConfigError(f"{name!r} is neither a Python file nor an installed plugin", hint=hint)
        return self.plugins[name]

    def _put(self, plugin: Plugin, instead: Plugin | None = None) -> None:
        """Add a plugin, whole or not at all."""
        others = {name: each for name, each in self.plugins.items() if each is not instead}
        if plugin.name in others:
            raise ConfigError(
                f"two plugins are called {plugin.name}: {others[plugin.name].origin} and {plugin.origin}",
                hint="rename one of the files, or leave one plugin out",
            )
        for table, members in plugin.tables.items():
            family: Family[Any] = getattr(import_module(HOMES[table]), table)
            for name, member in members.items():
                _check(plugin, family, name, member)
                owner = next((each for each in others.values() if name in each.tables.get(table, ())), None)
                if owner is not None:
                    raise _taken(plugin, table, name, f"the plugin {owner.name} ({owner.origin})")
        self.plugins = {**others, plugin.name: plugin}


def _check(plugin: Plugin, family: Family[Any], name: str, member: Any) -> None:
    if name in family.own:
        raise _taken(plugin, family.table, name, "Seqloom")
    if any(each in name for each in ":,= \t\n"):
        raise ConfigError(
            f"{family.table}: a name has no space, colon, comma or =, unlike {name!r}", where=plugin.origin
        )
    if name in RESERVED.get(family.table, ()):
        raise ConfigError(
            f"{family.table}: the name {name!r} has another meaning in settings and reports",
            where=plugin.origin,
            hint="choose another name",
        )
    if fault := family.fault(name, member):
        raise ConfigError(f"{family.table}[{name!r}] {fault}, not {member!r:.120}", where=plugin.origin)


def _taken(plugin: Plugin, table: str, name: str, owner: str) -> ConfigError:
    return ConfigError(
        f"{table}: the name {name!r} is that of a member of {owner}; a plugin adds members and replaces none",
        where=plugin.origin,
        hint="choose another name",
    )


def _changed(plugin: Plugin) -> bool:
    """Whether the file of a plugin in use is no longer what was run; one that was installed is as it is."""
    from hashlib import sha256  # noqa: PLC0415

    try:
        return bool(plugin.path) and sha256(Path(plugin.file).read_bytes()).hexdigest() != plugin.sha256
    except OSError:
        return True


REGISTRY = Registry()
