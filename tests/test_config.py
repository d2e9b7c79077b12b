"""What a configuration says of its settings."""

from __future__ import annotations

import pytest

from seqloom.config import Section, build, sentences
from seqloom.errors import ConfigError
from seqloom.training import RunConfig


class Base(Section):
    """What others build upon."""

    kind: str = "base"
    """Chosen by name."""
    size: int = 1
    """How many; over
    two lines."""

    @property
    def double(self) -> int:
        """Not a setting."""
        return 2 * self.size


class Derived(Base):
    """One of these."""

    size: int = 2
    silent: bool = False
    """  Said here.  """
    last: float = 0.0


def test_sentences_stand_under_their_fields() -> None:
    """Those of the class it builds upon, too, and nobody else's."""
    assert sentences(Base) == {"kind": "Chosen by name.", "size": "How many; over two lines."}
    assert sentences(Derived) == {**sentences(Base), "silent": "Said here."}


def test_every_setting_has_a_sentence() -> None:
    from seqloom.training import RunConfig  # noqa: PLC0415 - which imports most of the package

    waiting: list[type[Section]] = [RunConfig]
    while waiting:
        section = waiting.pop()
        assert set(sentences(section)) == set(section.model_fields), section
        annotations = [field.annotation for field in section.model_fields.values()]
        waiting += [each for each in annotations if isinstance(each, type) and issubclass(each, Section)]


def test_a_hint_tells_settings_of_all_kinds_from_those_of_some() -> None:
    """Of a family, the kinds have some settings in common; a kind that has one alone is not passed over."""
    with pytest.raises(ConfigError) as caught:
        build(RunConfig, {"model": {"attention": {"xyz": 1}}})
    common, _, rare = caught.value.hint.partition("; to some kinds only: ")
    assert common == "known: heads, kind, normaliser"
    assert {"max_positions", "size"} <= set(rare.split(", "))
    with pytest.raises(ConfigError, match=r"did you mean model\.attention\.heads"):
        build(RunConfig, {"model": {"attention": {"head": 1}}})
