"""The results of a recipe, and the table that compares them with published figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seqloom.metrics import Score
from seqloom.recipes.recipe import Published, Recipe

OURS = "Seqloom"
MEAN = "mean"
"""The row of means over all tests, and the name of a published mean."""


@dataclass(frozen=True)
class PartResult:
    """The results of one model: scores on each of its tests, facts on its training, and its number of weights."""

    name: str
    scores: Mapping[str, Sequence[Score]]
    weights: int
    training: Mapping[str, Any]
    test_seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "name": self.name,
            "tests": {test: [score.to_json() for score in scores] for test, scores in self.scores.items()},
            "weights": self.weights,
            "training": dict(self.training),
            "test_seconds": round(self.test_seconds, 2),
        }


@dataclass(frozen=True)
class Results:
    """The results of all models of a recipe."""

    recipe: Recipe
    parts: Sequence[PartResult]

    def to_json(self) -> dict[str, Any]:
        """Return plain values, published figures included."""
        return {
            "recipe": self.recipe.name,
            "parts": [part.to_json() for part in self.parts],
            "published": [system.model_dump() for system in self.recipe.section.published],
        }

    def to_markdown(self) -> str:
        """Return a Markdown table for each metric (a row for each test, a column for each system), then one of time and
        size."""
        section = self.recipe.section
        lines = [f"# {section.title}", "", " ".join(section.about.split()), ""]
        for measure in self._measures():
            lines += [*self._measure(measure), ""]
        lines += ["| model | weights | training | updates | device | test |", "|---|---|---|---|---|---|"]
        for part in self.parts:
            facts = part.training
            spent = f"{facts.get('seconds', 0) / 60:.1f} min"
            lines.append(
                f"| {part.name} | {part.weights:,} | {spent} | {facts.get('step', 0):,} | "
                f"{facts.get('precision', facts.get('device', ''))} | {part.test_seconds:.1f} s |"
            )
        sources = [f"- {system.system}: {system.source}" for system in section.published]
        return "\n".join([*lines, "", *sources, ""])

    def _measures(self) -> list[str]:
        return list(
            dict.fromkeys(score.name for part in self.parts for scores in part.scores.values() for score in scores)
        )

    def _measure(self, measure: str) -> list[str]:
        ours = {
            test: score
            for part in self.parts
            for test, scores in part.scores.items()
            for score in scores
            if score.name == measure
        }
        first = next(iter(ours.values()))
        systems = [system for system in self.recipe.section.published if self._column(system, measure, ours)]
        names = [OURS, *(system.system for system in systems)]
        columns = [
            {test: score.value for test, score in ours.items()},
            *(self._column(system, measure, ours) for system in systems),
        ]
        better = "higher" if first.higher_is_better else "lower"
        lines = [
            f"**{measure}** ({better} is better; {first.signature})",
            "",
            f"| test | {' | '.join(names)} |",
            f"|---|{'---|' * len(names)}",
        ]
        lines += [f"| {test} | {' | '.join(_cell(column, test) for column in columns)} |" for test in ours]
        section = self.recipe.section
        if (len(section.variants) > 1 or section.mean) and len(ours) > 1:
            means = [_mean(column, list(ours)) for column in columns]
            lines.append(f"| {MEAN} of {len(ours)} | {' | '.join(means)} |")
        return lines

    @staticmethod
    def _column(system: Published, measure: str, tests: Mapping[str, Score]) -> dict[str, float]:
        """Return a published system's figures of one metric on our tests, and their mean where it was published."""
        return {
            test: figures[measure]
            for test, figures in system.figures.items()
            if (test in tests or test == MEAN) and measure in figures
        }


def _cell(column: Mapping[str, float], test: str) -> str:
    return f"{column[test]:.2f}" if test in column else "-"


def _mean(column: Mapping[str, float], tests: Sequence[str]) -> str:
    """The mean over all tests, or else the one that was published."""
    values = [column[test] for test in tests if test in column]
    return f"{sum(values) / len(values):.2f}" if len(values) == len(tests) else _cell(column, MEAN)
