"""What training would choose first for some pairs, and why: their kind, the tokenizers and the measures."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from seqloom.config import build, laid_over
from seqloom.data import Survey
from seqloom.errors import ConfigError
from seqloom.evenly import evenly
from seqloom.metrics import DEFAULT_METRICS, FRAME_METRICS, KINDS, target_kind
from seqloom.planning.facts import TASKS, Facts, facts_of
from seqloom.planning.plan import listed, make_plan
from seqloom.text.choice import choose
from seqloom.text.config import TextConfig

SAMPLED = 2000
"""Number of pairs, evenly spaced, by which the measures are chosen."""


@dataclass(frozen=True)
class Outlook:
    """The facts about pairs, the settings of their tokenizers with a sentence on each choice, and the measures with the
    reason for them."""

    facts: Facts
    text: TextConfig
    tokenizers: tuple[str, ...]
    measures: tuple[str, ...]
    why: str

    @staticmethod
    def of(seen: Survey, text: TextConfig, given: Collection[str] = ()) -> Outlook:
        """Choose as training does for the pairs that were surveyed; `given` settings, by dotted name, stay.

        Where `data.label` is among them, targets are frames.
        """
        facts, frames = facts_of(seen.pairs, tags=len(seen.tags), count=seen.count), "data.label" in given
        if frames:
            facts = replace(facts, task="tags", answer="frame")
        values = {"text": text.model_dump()}

        def fits(settings: Mapping[str, Any]) -> bool:
            try:
                _text(values, settings)
            except ConfigError:
                return False
            return True

        plan = make_plan(facts, given, "normal", fits)
        chosen, said = choose(seen.pairs, _text(values, plan.settings), seen.count)
        reasons = (
            f"{listed(each.settings)}, as {each.why}"
            for each in plan.choices
            if any(name.startswith("text.") for name in each.settings)
        )
        if frames:
            why = "targets are frames, a label and a tag for each word"
            return Outlook(facts, chosen, (*reasons, *said), FRAME_METRICS, why)
        some = [seen.pairs[row] for row in evenly(len(seen.pairs), SAMPLED)]
        kind = target_kind([target for _, target in some], [source for source, _ in some])
        return Outlook(facts, chosen, (*reasons, *said), DEFAULT_METRICS[kind], KINDS[kind])

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "kind": TASKS[self.facts.task],
            "facts": self.facts.to_json(),
            "text": self.text.model_dump(mode="json"),
            "tokenizers": list(self.tokenizers),
            "measures": list(self.measures),
            "measures_why": self.why,
        }


def _text(values: Mapping[str, Any], settings: Mapping[str, Any]) -> TextConfig:
    """The settings of text with those of a plan that are about text."""
    own = {name: value for name, value in settings.items() if name.startswith("text.")}
    return build(TextConfig, laid_over(dict(values), own)["text"], within="text")
