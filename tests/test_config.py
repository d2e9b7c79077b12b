"""What a configuration says of its settings."""

from __future__ import annotations

from seqloom.config import Section, sentences


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
