"""The family of taggers. To add one, write a file here and a line in the table below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqloom.nn.taggers.base import Tagged, Tagger, TaggerConfig
from seqloom.nn.taggers.crf import CRF, CRFConfig
from seqloom.nn.taggers.joint import joint_tagger
from seqloom.nn.taggers.softmax import Softmax, SoftmaxConfig
from seqloom.tag_scheme import Legal

__all__ = ["TAGGERS", "Tagged", "Tagger", "TaggerConfig", "build_tagger", "joint_tagger", "tagger_configs"]

TAGGERS: Mapping[str, tuple[type[TaggerConfig], Any]] = {
    "crf": (CRFConfig, CRF),
    "softmax": (SoftmaxConfig, Softmax),
}


def tagger_configs() -> Mapping[str, type[TaggerConfig]]:
    """The section of each kind."""
    return {kind: section for kind, (section, _) in TAGGERS.items()}


def build_tagger(config: TaggerConfig, count: int, legal: Legal | None = None) -> Tagger:
    """The tagger of the configured kind, of so many tags, of which an answer may have those that are `legal`."""
    _, member = TAGGERS[config.kind]
    tagger: Tagger = member(config, count, legal)
    return tagger
