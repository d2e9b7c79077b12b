"""A family's table: the literal members of Seqloom itself, and behind them those of plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from seqloom.errors import ConfigError, suggestion

M = TypeVar("M")
T = TypeVar("T")

HOMES: dict[str, str] = {
    "ATTENTIONS": "seqloom.nn.attention",
    "CELLS": "seqloom.nn.cells",
    "ENCODERS": "seqloom.nn.encoders",
    "METRICS": "seqloom.metrics.registry",
    "READERS": "seqloom.data.readers",
}
"""The tables that a plugin may hold, and the module in which the family of each lies."""

RESERVED: dict[str, frozenset[str]] = {
    "ATTENTIONS": frozenset({"none"}),
    "METRICS": frozenset({"loss", "perplexity"}),
    "READERS": frozenset({"auto"}),
}
"""Names that mean something else in settings and reports, so that no member may have them."""


def word_of(table: str) -> str:
    """What a member of a table is called: `attention` for `ATTENTIONS`."""
    return table.lower().removesuffix("s")


def origin_of(file: str, distribution: str, version: str) -> str:
    """Where a plugin comes from: its file, or the name and version of its package."""
    return file or f"{distribution} {version}".strip()


Fault = Callable[[str, Any], str]
"""(name, member) → what a member of a family must be, or an empty text where it is that."""


class Family(Mapping[str, M], Generic[M]):
    """The members of a family by name: a literal table, and behind it the members of the plugins in use.

    Installed plugins are imported when a name is asked for that neither Seqloom nor a file in use has, or when all
    names are. `fault` says of a plugin's member what is wrong with its form.
    """

    def __init__(self, table: str, own: Mapping[str, M], fault: Fault) -> None:
        self.table, self.own, self.fault = table, own, fault

    def __getitem__(self, name: str) -> M:
        if name in self.own:
            return self.own[name]
        from seqloom.plugins.registry import REGISTRY  # noqa: PLC0415 - a registry checks members by their families

        member: M = REGISTRY.member(self.table, name)
        return member

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        from seqloom.plugins.registry import REGISTRY  # noqa: PLC0415

        yield from REGISTRY.names(self.table)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def word(self) -> str:
        """What a member is called: `attention` for `ATTENTIONS`."""
        return word_of(self.table)

    def known(self, name: str) -> M:
        """The member of this name; raises a `ConfigError` that names the nearest one where there is none."""
        if name not in self:
            raise ConfigError(f"{name!r} is not a known {self.word}", hint=suggestion(name, self))
        return self[name]


class _Mapped(Mapping[str, T], Generic[M, T]):
    """A family with something taken from each member, when it is asked for."""

    def __init__(self, family: Mapping[str, M], take: Callable[[M], T]) -> None:
        self._family, self._take = family, take

    def __getitem__(self, name: str) -> T:
        return self._take(self._family[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._family)

    def __len__(self) -> int:
        return len(self._family)


def sections(family: Mapping[str, tuple[type[T], Any]]) -> Mapping[str, type[T]]:
    """The section of each member, of a family whose members are pairs of a section and a class."""
    return _Mapped(family, lambda member: member[0])


def pair_of(section: type, member: type) -> Fault:
    """The form of families whose members are pairs `(Config, Class)`."""

    def fault(name: str, value: Any) -> str:
        wanted = f"must be a pair of a subclass of {section.__name__} and a subclass of {member.__name__}"
        if not isinstance(value, tuple) or len(value) != 2:
            return wanted
        if any(not (isinstance(one, type) and issubclass(one, base)) for one, base in zip(value, (section, member))):  # noqa: B905
            return wanted
        kind = getattr(value[0], "model_fields", {})["kind"].default
        if kind != name:
            return f"must have a section whose kind is {name!r} by default, not {kind!r}"
        missing = lacking(value[1])
        return f"must have the methods {missing}" if missing else ""

    return fault


def lacking(member: Any) -> str:
    """The abstract methods that a class does not have yet, as text."""
    return ", ".join(sorted(getattr(member, "__abstractmethods__", ())))


def instance_of(wanted: str, fits: Callable[[Any], bool]) -> Fault:
    """The form of families whose members are single values; `wanted` says what a member must be."""
    return lambda _, value: "" if fits(value) else f"must be {wanted}"
