"""Damage some pairs of real data on purpose, and measure how many of them `seqloom data suspects` finds.

    python benchmarks/suspects.py             both sets, about three minutes each on a free core
    python benchmarks/suspects.py ice

3 % of the pairs are damaged, a quarter of these in each way: one symbol of the target is replaced by another one, the
target is that of another pair, source and target change places, one symbol of the target is left out. A pair that was
not damaged counts as wrong in the ranking, although real data have mistakes of their own.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from seqloom.data import DataConfig, Example, ReadReport, read_examples
from seqloom.suspects import Suspects, find_suspects

DATA = Path(os.environ.get("SEQLOOM_DATA", Path(__file__).parents[2] / "shared" / "data"))
SETS = {
    "ice": ("sigmorphon2020_g2p/train/ice_train.tsv", DataConfig(header="no")),
    "tel": ("sigmorphon2020_inflection/tel.trn", DataConfig(format="tsv", header="no", tags="3")),
}
"""Icelandic pronunciation and Telugu inflection: the file and how it is read."""
KINDS = ("symbol replaced", "another pair's target", "swapped", "symbol left out")
SHARE = 0.03


def damaged(pairs: Sequence[Example], seed: int) -> tuple[list[Example], dict[int, str]]:
    """The pairs, some of them damaged, and for each of these the kind of damage; all numbers count pairs from 0."""
    chance = random.Random(seed)
    spaced = sum(" " in pair.target for pair in pairs) > len(pairs) / 2
    between = " " if spaced else ""

    def cut(text: str) -> list[str]:
        return text.split() if spaced else list(text)

    symbols = sorted({symbol for pair in pairs for symbol in cut(pair.target)})
    long_enough = [number for number, pair in enumerate(pairs) if len(cut(pair.target)) > 1]
    chosen = chance.sample(long_enough, round(len(pairs) * SHARE))
    result, kinds = list(pairs), {}
    for place, number in enumerate(chosen):
        pair, kind = pairs[number], KINDS[place % len(KINDS)]
        target = cut(pair.target)
        where = chance.randrange(len(target))
        if kind == "symbol replaced":
            target[where] = chance.choice([symbol for symbol in symbols if symbol != target[where]])
        elif kind == "symbol left out":
            del target[where]
        elif kind == "another pair's target":
            target = cut(chance.choice([other.target for other in pairs if other.target != pair.target]))
        new = replace(pair, target=between.join(target))
        result[number] = replace(pair, source=pair.target, target=pair.source) if kind == "swapped" else new
        kinds[number] = kind
    return result, kinds


def measured(found: Suspects, pairs: Sequence[Example], kinds: dict[int, str]) -> str:
    """Average precision, precision at several ranks, and the share of each kind that stands above the last rank."""
    number = {pair.origin: place for place, pair in enumerate(pairs)}
    order = [number[each.pair.origin] for each in found.ranking]
    hits = [each in kinds for each in order]
    so_far = [sum(hits[: rank + 1]) / (rank + 1) for rank in range(len(hits))]
    precision = sum(each for each, hit in zip(so_far, hits, strict=True) if hit) / len(kinds)
    count = len(kinds)
    ranks = " ".join(f"{so_far[rank - 1]:.2f}@{rank}" for rank in (10, 20, 50, count) if rank <= len(hits))
    first = set(order[:count])
    parts = {kind: [each in first for each in kinds if kinds[each] == kind] for kind in KINDS}
    recall = ", ".join(f"{kind} {sum(each)}/{len(each)}" for kind, each in parts.items())
    listed = {number[each.pair.origin] for each in found.listed}
    caught = len(listed & kinds.keys())
    return (
        f"average precision {precision:.3f} (random {count / len(pairs):.3f}); precision {ranks}; among the first "
        f"{count}: {recall}; listed {len(listed)}, of which {caught} of the {count} damaged"
    )


def main(names: Sequence[str]) -> None:
    for name in names or SETS:
        path, config = SETS[name]
        pairs, kinds = damaged(list(read_examples([str(DATA / path)], config, ReadReport())), seed=1)
        print(f"{name}: {len(pairs):,} pairs, {len(kinds)} damaged", flush=True)
        for folds in (0, 5):
            began, busy = time.monotonic(), time.process_time()
            found = find_suspects(pairs, folds=folds, say=lambda said: print(f"  {said}", flush=True))
            taken = f"{time.monotonic() - began:.0f} s, {time.process_time() - busy:.0f} s of a processor core"
            print(f"  {folds} folds: {measured(found, pairs, kinds)}; {taken}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
