"""Which plugins a configuration needs, as it is written into a model folder, and whether they are in use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from seqloom.config import Named, OneOf, Section
from seqloom.errors import ModelFolderError
from seqloom.plugins.families import origin_of, word_of
from seqloom.plugins.plugin import Plugin
from seqloom.plugins.registry import REGISTRY


class PluginWarning(UserWarning):
    """A plugin is not the one with which a model was trained."""


@dataclass(frozen=True)
class Need:
    """A plugin that a model needs: its name, where it came from, the hash of its code, and the members that are used,
    such as `attention mine`."""

    name: str
    file: str
    distribution: str
    version: str
    sha256: str
    members: tuple[str, ...]

    @property
    def origin(self) -> str:
        """The file, or distribution and version."""
        return origin_of(self.file, self.distribution, self.version)

    def has(self, family: str) -> bool:
        """Whether a member of this family, such as `reader`, is among those that are used."""
        return any(each.startswith(f"{family} ") for each in self.members)

    def __str__(self) -> str:
        return f"{self.name} ({self.origin}: {', '.join(self.members)})"


def needs_of(*configs: Section) -> list[Need]:
    """The plugins whose members any of some configurations names."""
    used: dict[str, tuple[Plugin, list[str]]] = {}
    for table, name in chain.from_iterable(map(_members, configs)):
        owner = REGISTRY.owner(table, name)
        if owner is not None:
            said = f"{word_of(table)} {name}"
            members = used.setdefault(owner.name, (owner, []))[1]
            members += [] if said in members else [said]
    return [
        Need(each.name, each.path, each.distribution, each.version, each.sha256, tuple(members))
        for each, members in used.values()
    ]


def check_needs(needs: Iterable[Need], where: str, otherwise: str = "") -> list[str]:
    """Sentences on plugins that are not as they were; raises `ModelFolderError` for one that is not in use.

    `otherwise` is a further way out, which ends the hint.
    """
    said = []
    for need in needs:
        if need.name not in REGISTRY.plugins:
            REGISTRY.look()
        plugin = REGISTRY.plugins.get(need.name)
        if plugin is None:
            hint = (
                f'--plugin {need.file}, or seqloom.plugins.use("{need.file}") before the model is loaded'
                if need.file
                else f"install the package {need.origin}, if you trust it"
            )
            raise ModelFolderError(
                f"the model needs the plugin {need}, which is not in use; a model folder holds no code",
                where=where,
                hint=f"{hint}{otherwise}",
            )
        if plugin.sha256 != need.sha256:
            said.append(
                f"{where}: the plugin {need.name} has changed since the model was made: {need.origin} with SHA-256 "
                f"{need.sha256[:12]}… then, {plugin.origin} with {plugin.sha256[:12]}… now"
            )
    return said


def written(needs: Iterable[Need]) -> str:
    """The needs as JSON."""
    return json.dumps({"plugins": [asdict(need) for need in needs]}, ensure_ascii=False, indent=2) + "\n"


def read_needs(values: Mapping[str, Any], where: str) -> list[Need]:
    """The needs that `written` wrote, from the JSON object."""
    try:
        return [_need(each) for each in values["plugins"]]
    except (KeyError, TypeError):
        raise ModelFolderError(f"must list plugins with {', '.join(_TEXTS)} and members", where=where) from None


_TEXTS = ("name", "file", "distribution", "version", "sha256")


def _need(values: Mapping[str, Any]) -> Need:
    name, file, distribution, version, sha256 = (str(values[each]) for each in _TEXTS)
    return Need(name, file, distribution, version, sha256, tuple(map(str, values["members"])))


def _members(config: Section) -> Iterator[tuple[str, str]]:
    """The table and the name of each member that a configuration names."""
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        for mark in field.metadata:
            if isinstance(mark, OneOf) and value is not None:
                yield f"{mark.family}s".upper(), value.kind
            elif isinstance(mark, Named):
                names = (value,) if isinstance(value, str) else value
                yield from ((mark.table, each.partition(":")[0]) for each in names)
        if isinstance(value, Section):
            yield from _members(value)
