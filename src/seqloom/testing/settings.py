"""Settings of a member: they come back from TOML, and its family knows it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from seqloom.config import Section, build, sentences, to_toml
from seqloom.errors import ConfigError, suggestion
from seqloom.testing.comparing import SETTINGS, require


def comes_back(config: Section, where: str = "") -> None:
    """A section equals what its TOML reads back as, with comments and without, and each setting has a sentence."""
    for comments in (False, True):
        found = build(type(config), tomllib.loads(to_toml(config, comments=comments)))
        require(SETTINGS, where, found == config, f"{config!r} comes back as {found!r}")
    said = sentences(type(config))
    silent = [name for name in type(config).model_fields if not said.get(name)]
    require(SETTINGS, where, not silent, f"a sentence must stand under each setting; none is under {', '.join(silent)}")


def known(family: Mapping[str, tuple[type[Section], Any]], config: Any, what: str) -> None:
    """Refuse a section whose kind its family does not know: the plugin is not in use."""
    if config.kind not in family:
        raise ConfigError(
            f"{config.kind!r} is not a known {what}; {suggestion(config.kind, family)}",
            hint='put the plugin to use first: seqloom.plugins.use("mine.py"), or install its package',
        )
    found = family[config.kind][0]
    require(SETTINGS, what, found is type(config), f"the kind {config.kind!r} finds {found}, not {type(config)}")
