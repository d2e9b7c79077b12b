"""Whether an exported model answers as PyTorch does, and a line alone as among others: laws 4 and 2 on whole test sets.

    python benchmarks/parity.py MODEL DATA [DATA …] [--metric NAME] [--pieces] [--set KEY=VALUE] [--limit N] [--json FILE]

MODEL is a folder that `seqloom train` wrote; it stays as it is. DATA is what `seqloom evaluate` reads; of several, the
examples are joined. The float32 graph and the one with weights of 8 bits are exported into a folder of their own. Each
answers greedily and with the folder's own beam, in batches of 32 and line by line; PyTorch answers in batches.

A sentence with other tokens than PyTorch's is explained by what PyTorch holds of both answers. It is a tie where float32
cannot tell them apart: greedily, the first two tokens that differ; with a beam, the scores. The exit code is 1 where the
float32 graph differs without a tie on more than 0.1 % of the sentences, where 8 bits lose more than 0.3 of the metric, or
where a line alone gets another answer than in a batch.
"""  # noqa: E501

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any, cast

import torch
from pieces import joined

from seqloom import load
from seqloom.api import Model
from seqloom.checkpoint.format import GRAPH, GRAPH_INT8
from seqloom.data import Example
from seqloom.data.padding import padded_sources
from seqloom.evaluation import read_evaluation
from seqloom.inference.engine import SearchEngine
from seqloom.inference.predicting_model import PredictingModel
from seqloom.metrics import choose_metrics, metric
from seqloom.runtime_model import RuntimeModel
from seqloom.search import Hypothesis, SearchConfig
from seqloom.search.rules import settings_of
from seqloom.search.scores import penalty

BATCH = 32
DIFFERENT_AT_MOST = 0.001
LOST_AT_MOST = 0.3
"""Points of the metric."""
ROUNDING = 1e-5
"""Relative difference of log-probabilities that float32 explains."""
APART = {"float32": 1e-4, "int8": 1e-2}
"""Difference of the scores of one answer, alone and in a batch. Where the last bit of a sum decides how a number is
rounded to 8 bits, it moves by 1/127 of what it can be."""
GRAPHS = {"float32": False, "int8": True}
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Other:
    """A sentence whose tokens are not PyTorch's; all numbers are PyTorch's.

    `scores` are the normalised scores of its own answer and of the graph's, `step` the log-probabilities of both tokens
    at the first place where they differ.
    """

    beam: int
    source: str
    torch: str
    graph: str
    scores: tuple[float, float]
    step: tuple[float, float]

    @property
    def tie(self) -> bool:
        """Whether rounding explains it."""
        own, other = self.step if self.beam == 1 else self.scores
        return abs(own - other) <= ROUNDING * max(1.0, abs(own))


@dataclass(frozen=True)
class Parity:
    """What one graph does in one search; `alone` counts the sentences that get the same answer alone as in a batch."""

    graph: str
    beam: int
    sentences: int
    others: tuple[Other, ...]
    metric: str
    figures: tuple[float, float]
    """PyTorch's and the graph's."""
    lost: float
    """Points of the metric; below 0 where the graph is better."""
    alone: int
    apart: float
    """Largest difference of the scores of a sentence alone and in a batch, where the answers are the same."""

    @property
    def ties(self) -> int:
        """How many of the other sentences are ties."""
        return sum(other.tie for other in self.others)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        others = [{**asdict(other), "tie": other.tie} for other in self.others]
        return {**asdict(self), "others": others, "same": self.sentences - len(self.others)}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Exported graphs beside PyTorch, on whole test sets")
    parser.add_argument("model", type=Path)
    parser.add_argument("data", nargs="+", help="a file of pairs, or two parallel files: a.en,a.de")
    parser.add_argument("--metric", help="by default the folder's own main one, or what suits the data")
    parser.add_argument("--pieces", action="store_true", help="answers are sentencepiece pieces, references are words")
    parser.add_argument("--set", dest="settings", metavar="KEY=VALUE", action="append", default=[])
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N examples")
    parser.add_argument("--json", type=Path, metavar="FILE", help="everything, differing sentences included")
    options = parser.parse_args(arguments)
    whole = load(options.model, engine="torch").with_settings(options.settings)
    examples = read_evaluation(options.data, whole.config.data)[: options.limit]
    name = options.metric or (whole.config.measures or choose_metrics([each.target for each in examples]))[0]
    with tempfile.TemporaryDirectory() as folder:
        paths = {graph: exported(options.model, Path(folder) / graph, int8=int8) for graph, int8 in GRAPHS.items()}
        sizes = {graph: path.stat().st_size for graph, path in paths.items()}
        graphs = {graph: runtime(path.parent, graph, options.settings) for graph, path in paths.items()}
        found = parities(whole, graphs, examples, name, pieces=options.pieces)
    print(table(found, sizes))
    print("".join(line for each in found for line in explained(each)), end="")
    if options.json:
        results = [each.to_json() for each in found]
        values = {"model": options.model.name, "data": options.data, "bytes": sizes, "results": results}
        options.json.write_text(json.dumps(values, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    reasons = broken(found)
    print("".join(f"\nbroken: {reason}" for reason in reasons) or "\nThe laws hold.")
    return 1 if reasons else 0


def exported(model: Path, folder: Path, *, int8: bool) -> Path:
    """The graph of a model, in a new folder, written by a process of its own."""
    command = [sys.executable, "-m", "seqloom", "export", str(model), "--output", str(folder)]
    done = subprocess.run(
        [*command, "--int8"] if int8 else command, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return folder / (GRAPH_INT8 if int8 else GRAPH)


def runtime(folder: Path, graph: str, settings: Sequence[str] = ()) -> RuntimeModel:
    return load(folder, engine="onnx", int8=GRAPHS[graph]).with_settings(settings)


def parities(
    whole: Model, graphs: Mapping[str, RuntimeModel], examples: Sequence[Example], name: str, *, pieces: bool = False
) -> list[Parity]:
    """Each graph, float32 or int8 by its name, beside PyTorch: greedily, and with the model's beam if it is wider."""
    chosen, references = metric(name), [example.targets for example in examples]

    def figure(answers: Sequence[Hypothesis]) -> float:
        texts = whole.target_tokenizer.decode([each.ids for each in answers])
        return chosen.compute([joined(text) for text in texts] if pieces else texts, references).value

    found = []
    for beam in sorted({1, whole.config.search.beam}):
        wanted = answered(whole, examples, beam, BATCH)
        before = figure(wanted)
        for graph, model in graphs.items():
            batched, alone = (answered(model, examples, beam, batch) for batch in (BATCH, 1))
            after = figure(batched)
            pairs = [(one, two) for one, two in zip(batched, alone, strict=True) if one.ids == two.ids]
            found.append(
                Parity(
                    graph,
                    beam,
                    len(examples),
                    tuple(others(whole, beam, examples, wanted, batched)),
                    name,
                    (before, after),
                    before - after if chosen.higher_is_better else after - before,
                    len(pairs),
                    max((abs(one.score - two.score) for one, two in pairs), default=0.0),
                )
            )
    return found


def broken(found: Sequence[Parity]) -> list[str]:
    """What the laws do not allow. Of several models, sentences are counted together and the loss is the mean."""
    reasons = []
    for graph, beam in dict.fromkeys((each.graph, each.beam) for each in found):
        own = [each for each in found if (each.graph, each.beam) == (graph, beam)]
        name, sentences = f"{graph}, beam {beam}", sum(each.sentences for each in own)
        differing, lost = sum(len(each.others) - each.ties for each in own), mean(each.lost for each in own)
        changed, apart = sentences - sum(each.alone for each in own), max(each.apart for each in own)
        if graph == "float32" and differing > DIFFERENT_AT_MOST * sentences:
            reasons.append(f"law 4, {name}: {differing} of {sentences} sentences have other tokens without a tie")
        if lost > LOST_AT_MOST:
            reasons.append(f"law 4, {name}: {own[0].metric} loses {lost:.2f}")
        if changed:
            reasons.append(f"law 2, {name}: {changed} of {sentences} sentences get another answer alone")
        if apart > APART[graph]:
            reasons.append(f"law 2, {name}: scores differ by {apart:.1g} alone")
    return reasons


def answered(model: PredictingModel, examples: Sequence[Example], beam: int, batch: int) -> list[Hypothesis]:
    """The best answer of each source, sources of like length together; an empty source gets an empty one."""
    predictor, config = model.predictor, searching(model, beam)
    encoded = encoded_sources(model, examples)
    order = sorted((row for row, ids in enumerate(encoded) if ids), key=lambda row: -len(encoded[row]))
    found = {row: Hypothesis((), 0.0, ()) for row, ids in enumerate(encoded) if not ids}
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        engine = cast("SearchEngine", predictor.engine)
        best = engine.search(*padded_sources([encoded[row] for row in rows]), config)
        found.update((row, hypotheses[0]) for row, hypotheses in zip(rows, best, strict=True))
    return [found[row] for row in range(len(examples))]


def encoded_sources(model: PredictingModel, examples: Sequence[Example]) -> list[list[int]]:
    texts, tags = [example.source for example in examples], [example.tags for example in examples]
    predictor = model.predictor
    return predictor.codecs.source.encode(texts, tags)


def searching(model: PredictingModel, beam: int) -> SearchConfig:
    return model.config.search.replace(beam=beam, n_best=1)


def others(
    whole: Model, beam: int, examples: Sequence[Example], wanted: Sequence[Hypothesis], found: Sequence[Hypothesis]
) -> Iterator[Other]:
    """The sentences whose tokens are not PyTorch's, with what PyTorch holds of both answers."""
    engine, tokenizer = whole.predictor.engine, whole.target_tokenizer
    settings = settings_of(whole.config.search, torch.device("cpu"))
    encoded = encoded_sources(whole, examples)
    for example, source, *both in zip(examples, encoded, wanted, found, strict=True):
        ids = [each.ids for each in both]
        if ids[0] == ids[1]:
            continue
        log_probs = engine.score([source, source], ids)
        place = next(place for place in range(max(map(len, ids)) + 1) if ids[0][: place + 1] != ids[1][: place + 1])
        scores = [sum(each) / penalty(torch.tensor(len(each)), settings).item() for each in log_probs]
        texts = tokenizer.decode(ids)
        step = log_probs[0][place], log_probs[1][place]
        yield Other(beam, example.source, texts[0], texts[1], (scores[0], scores[1]), step)


def table(found: Sequence[Parity], sizes: Mapping[str, int]) -> str:
    """One line for each graph and search."""
    name = found[0].metric
    lines = [
        f"| graph | MB | beam | same tokens | ties | {name}, PyTorch | graph | lost | same alone | scores apart |",
        "|---" * 10 + "|",
    ]
    for each in found:
        before, after = each.figures
        same = each.sentences - len(each.others)
        lines.append(
            f"| {each.graph} | {sizes[each.graph] / 1e6:.1f} | {each.beam} | {same} of {each.sentences} "
            f"({100 * same / each.sentences:.2f} %) | {each.ties} | {before:.2f} | {after:.2f} | {each.lost:+.2f} "
            f"| {each.alone} ({100 * each.alone / each.sentences:.2f} %) | {each.apart:.1g} |"
        )
    return "\n".join(lines)


def explained(parity: Parity) -> Iterator[str]:
    """The sentences that the float32 graph answers otherwise."""
    for other in parity.others if parity.graph == "float32" else ():
        kind = "tie" if other.tie else "difference"
        yield f"\nfloat32, beam {parity.beam}: {kind}: {other.source}\n"
        for name, text, score, step in zip(
            ("PyTorch", "graph"), (other.torch, other.graph), other.scores, other.step, strict=True
        ):
            yield f"  {name}: {text}\n    score {score:.8f}, log-probability of the first other token {step:.8f}\n"


if __name__ == "__main__":
    sys.exit(main())
