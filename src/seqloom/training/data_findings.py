"""What looks wrong in the training pairs: the worst findings, said before training."""

from __future__ import annotations

import shlex

from seqloom.data import Corpus, columns_of, findings_of, inspect_examples
from seqloom.data.inspection.finding import Weight
from seqloom.evenly import evenly
from seqloom.training.pairs import PairSource

LOOKED_AT = 20_000
"""Number of pairs, evenly spaced, that are looked at, so that it takes about a second however many there are."""
WORST = 3
"""How many findings are said."""


def worst_findings(train: Corpus, source: PairSource) -> list[str]:
    """Return warnings of the worst findings on the training pairs, the last of which says where the others are; none
    if nothing much looks wrong.

    What dev data share with them is said where they are compared.
    """
    rows = evenly(len(train), LOOKED_AT)
    found = inspect_examples(list(train.examples(rows)))
    files = source.files if source.pairs is None else ()
    columns = columns_of(files[0], source.config) if files else ()
    worst = [each for each in findings_of(found, columns) if each.weight < Weight.MINOR][:WORST]
    if not worst:
        return []
    part = f" (of {len(rows):,} pairs that were looked at)" if len(rows) < len(train) else ""
    said = [f"data: {each.sentence()}{part}" for each in worst]
    where = f"; all findings: seqloom data report {shlex.join(files)}" if files else ""
    return [*said[:-1], f"{said[-1]}{where}"]
