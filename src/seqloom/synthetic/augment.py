"""Training pairs from unpaired text, of which a model makes the other side.

- Text of the source side (forward translation, self-training): the model's answer becomes the target (Zhang & Zong
  2016).
- Text of the target side (back-translation): a model of the opposite direction makes the source, and the text, which is
  genuine, is the target (Sennrich, Haddow, Birch 2016). A tag may mark such pairs (Caswell, Chelba, Grangier 2019).
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import tee
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from seqloom.checkpoint.files import output_file
from seqloom.data import Example, Source
from seqloom.errors import ConfigError
from seqloom.inference.predicting_model import PredictingModel
from seqloom.prediction import Prediction
from seqloom.remarks import Remarks
from seqloom.synthetic.filters import EMPTY, REPEATED, UNLIKELY, Filters, Tally
from seqloom.synthetic.pair_file import MadePair, PairFile, kind_of

Side = Literal["source", "target"]


@dataclass
class Augmented:
    """What `augment` did: how many inputs became pairs, why others did not, and what a user should know of them.

    `genuine` counts the pairs that were written before them, and `changed` those pairs in which a tab or a line break
    became a space.
    """

    tally: Tally = field(default_factory=Tally)
    remarks: Remarks = field(default_factory=Remarks)
    genuine: int = 0
    changed: int = 0

    def sentences(self) -> list[str]:
        """Sentences for the user."""
        said = [*self.tally.sentences(), *self.remarks.sentences()]
        if self.changed:
            said.append(f"{self.changed:,} pairs had a tab or a line break, which TSV cannot hold: it became a space")
        return said

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            **self.tally.to_json(),
            "genuine": self.genuine,
            "changed": self.changed,
            "remarks": self.remarks.to_json(),
        }


def augment(
    model: PredictingModel,
    texts: Iterable[str | Source],
    output: Path | str,
    *,
    side: Side = "source",
    mark: str = "",
    filters: Filters = Filters(),  # noqa: B008 - a frozen value
    genuine: Iterable[Example] = (),
) -> Augmented:
    """Answer unpaired texts with a model, and write the pairs to a file for training, `.tsv` or `.jsonl`.

    `side` is the side of the new pairs that the texts are: their `source`, or their `target`, for which the model must
    have the opposite direction. `mark` is a tag of the source of each made pair, in a column `tags`. The `genuine`
    pairs are written first, without it. Texts are read as a stream; one that comes again is left out. The file appears
    only when it is complete.
    """
    path, done = Path(output), Augmented()
    kind = kind_of(path)
    if side not in ("source", "target"):
        raise ConfigError(f"the texts must be the source or the target of the new pairs, not {side!r}")
    if ";" in mark or mark != " ".join(mark.split()):
        raise ConfigError(f"a tag must be a word without a semicolon, not {mark!r}")
    data = model.config.data
    tagged = bool(mark) or (side == "source" and bool(data.tags or data.tag_from_name or data.fixed_tags))
    with output_file(path) as stream:
        file = PairFile(stream, kind, tagged=tagged)
        for example in genuine:
            file.write(MadePair(example.source, example.target, example.tags))
            done.genuine += 1
        pairs = _pairs(model, texts, done, side=side, mark=mark, filters=filters)
        for pair in pairs if filters.best == 1 else _best(pairs, filters.best, done.tally):
            file.write(pair)
        done.changed = file.changed
    return done


def _pairs(
    model: PredictingModel, texts: Iterable[str | Source], done: Augmented, *, side: Side, mark: str, filters: Filters
) -> Iterator[MadePair]:
    """The pairs that pass the filters, as the texts come; `done` is filled on the way."""
    asked, given = tee(_new(texts, done.tally))
    for (number, source), answer in zip(given, model.stream(source for _, source in asked), strict=True):
        done.remarks.answers = number - 1  # remarks name inputs by their numbers, and not all were asked for
        done.remarks.add(answer)
        if reason := filters.reason(source.text, answer):
            done.tally.left_out[reason] += 1
            continue
        done.tally.kept += 1
        yield _paired(source, answer, side=side, mark=mark)
    done.remarks.answers = done.tally.read


def _paired(source: Source, answer: Prediction, *, side: Side, mark: str) -> MadePair:
    own, score = (mark,) if mark else (), answer.score if answer.origin == "model" else None
    if side == "source":
        return MadePair(source.text, answer.text, (*own, *source.tags), score)
    return MadePair(answer.text, source.text, own, score)


def _new(texts: Iterable[str | Source], tally: Tally) -> Iterator[tuple[int, Source]]:
    """The texts that are not empty and have not come before, which is told by 16 bytes of a hash of each, numbered."""
    seen: set[bytes] = set()
    for text in texts:
        source = text if isinstance(text, Source) else Source(text)
        tally.read += 1
        key = hashlib.blake2b(json.dumps([source.text, source.tags]).encode(), digest_size=16).digest()
        if not source.text.strip() or key in seen:
            tally.left_out[REPEATED if source.text.strip() else EMPTY] += 1
            continue
        seen.add(key)
        yield tally.read, source


def _best(pairs: Iterator[MadePair], share: float, tally: Tally) -> Iterator[MadePair]:
    """The `share` of the pairs with the highest scores, in their order; of equal scores, those that came first. Pairs
    without a score, whose answers were looked up, stay and do not count.

    All pairs wait in a temporary file until the last one is scored.
    """
    scores = array("d")
    with tempfile.TemporaryFile() as waiting:
        for pair in pairs:
            waiting.write(json.dumps(pair).encode() + b"\n")
            scores.append(pair.score if pair.score is not None else np.nan)
        values = np.array(scores)
        chosen = np.isnan(values)
        ranked = np.flatnonzero(~chosen)
        order = ranked[np.argsort(-values[ranked], kind="stable")]
        chosen[order[: round(share * len(ranked)) or 1]] = True
        dropped = int((~chosen).sum())
        tally.kept -= dropped
        if dropped:
            tally.left_out[UNLIKELY] += dropped
        waiting.seek(0)
        yield from _chosen(waiting, chosen)


def _chosen(waiting: IO[bytes], chosen: Iterable[bool]) -> Iterator[MadePair]:
    for line, wanted in zip(waiting, chosen, strict=True):
        if wanted:
            source, target, tags, score = json.loads(line)
            yield MadePair(source, target, tuple(tags), score)
