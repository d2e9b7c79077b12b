"""The tags of inputs that come without: those given by hand, or none; a model of many languages needs one for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from seqloom.data.config import DataConfig
from seqloom.data.examples import Source
from seqloom.errors import ConfigError, DataError, suggestion

SHOWN = 20
"""How many of a model's tags a hint lists."""


@dataclass(frozen=True)
class Tagging:
    """What becomes of inputs that come without tags: they get the `fixed` ones, and are refused if a tag is `required`.

    This holds for inputs from files and from Python, with PyTorch and without.
    """

    fixed: tuple[str, ...] = ()
    required: bool = False

    @staticmethod
    def of(config: DataConfig) -> Tagging:
        """The tagging that the settings ask for: a model that learned a tag for each file needs one for each input."""
        return Tagging(config.fixed_tags, bool(config.tag_from_name) and config.untagged == "error")

    def tagged(self, source: Source, known: Sequence[str]) -> Source:
        """The source with its tags; raises `DataError` if it needs one and has none. `known` are the model's tags."""
        if source.tags or not source.text.strip():
            return source
        if self.required and not self.fixed:
            names = ", ".join(known[:SHOWN]) + (" …" if len(known) > SHOWN else "")
            raise DataError(
                f"every input of this model needs a tag, and {source.text[:40]!r} has none",
                hint=f"--tag TAG (data.fixed_tags) or, in Python, Source(text, (tag,)); it knows {names}",
            )
        return Source(source.text, self.fixed) if self.fixed else source


def check_known(tags: Sequence[str], known: Sequence[str]) -> None:
    """Raises `ConfigError` for a tag given by hand that did not occur in training; `known` are those that did."""
    for tag in tags:
        if tag not in known:
            raise ConfigError(
                f"the model was not trained on anything with the tag {tag!r}",
                hint=_tag_hint(tag, known) if known else "it was trained without tags",
            )


def _tag_hint(tag: str, known: Sequence[str]) -> str:
    """What is meant by a tag that is none: several known ones in one text, or one that is written alike."""
    parts = [part for part in re.split(r"[^\w]+", tag) if part]
    if len(parts) > 1 and set(parts) <= set(known):
        return f"each tag is given by itself: {' '.join(f'--tag {part}' for part in parts)}"
    return suggestion(tag, known)
