"""Decoding speed, memory, size and quality beside the peers, in one run: one pinned core, one thread, the same pieces.

    python benchmarks/decoding.py MODEL PIECES [--count 1000] [--rounds 3] [--core 1] [--json FILE]
        [--peers FOLDER --plain WEIGHTS] [--onmt PYTHON --onmt-model FILE] [--ct2 PYTHON --ct2-model FOLDER]

MODEL is a folder that `seqloom train benchmarks/multi30k-pieces.toml` wrote, with what `seqloom export` has put into
it: PyTorch and each graph are a row. PIECES holds test_2016_flickr.en as space-separated sentencepiece pieces,
lc.test_2016_flickr.de, the lower-cased reference, and vocab.txt. FOLDER holds the hand-written plain_torch.py; PYTHON
is the one that OpenNMT-py or CTranslate2 is installed in. CTranslate2's model is an untrained Transformer of the same
size, whose answers are all `--ct2-length` pieces long and have no BLEU.

Every program is a process of its own; they take turns: a share of the sentences one by one, then all of them in
batches. Loading is not counted. Rates are medians over the rounds, BLEU is 13a, lower-cased. Peak memory is what a
process has had resident, Python included; the size is that of the files it reads. A Markdown table goes to standard
output.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import sacrebleu
from pieces import joined

from seqloom.bench import Program, Speed, Timings, offers, take_turns
from seqloom.bench.engines import size_of
from seqloom.bench.measure import pinned, worker
from seqloom.checkpoint.reading import read_manifest
from seqloom.data import Source

TEST = "test_2016_flickr"
PEERS = str(Path(__file__).with_name("peers.py"))
HEAD = (
    "program",
    "greedy, ms a sentence: p50",
    "p99",
    "beam 5, ms: p50",
    "p99",
    "beam 5 × 32, sentences/s",
    "target tokens/s",
    "peak MB",
    "disk MB",
    "BLEU greedy",
    "BLEU beam",
)


class Runnable(NamedTuple):
    """A program: how it is started, how many bytes it reads, whether what it says means anything."""

    name: str
    command: list[str]
    size: int
    trained: bool = True


def main() -> None:
    parser = argparse.ArgumentParser(description="Decoding speed beside the peers")
    parser.add_argument("model", type=Path)
    parser.add_argument("pieces", type=Path)
    parser.add_argument("--peers", type=Path, help="folder of plain_torch.py")
    parser.add_argument("--plain", type=Path, help="weights of the hand-written model")
    parser.add_argument("--onmt", help="the Python that has OpenNMT-py")
    parser.add_argument("--onmt-model", type=Path, help="as onmt_release_model has written it")
    parser.add_argument("--ct2", help="the Python that has CTranslate2")
    parser.add_argument("--ct2-model", type=Path, help="a folder that a converter of CTranslate2 has written, int8")
    parser.add_argument("--ct2-length", type=int, default=15)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", default="1")
    parser.add_argument("--json", type=Path, help="write all figures there, too")
    options = parser.parse_args()
    sources = [Source(line) for line in lines(options.pieces / f"{TEST}.en")[: options.count]]
    references = lines(options.pieces / f"lc.{TEST}.de")[: options.count]
    chosen = runnable(options)
    print(f"{len(sources)} sentences, load {os.getloadavg()}", file=sys.stderr, flush=True)
    with ExitStack() as running:
        programs = [running.enter_context(started(each, options.core)) for each in chosen]
        timed = take_turns(programs, sources, rounds=options.rounds)
    print(f"load {os.getloadavg()}", file=sys.stderr)
    rows = [figures(each, timings, references) for each, timings in zip(chosen, timed, strict=True)]
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    for row in rows:
        print("| " + " | ".join(shown(row)) + " |")


def runnable(options: argparse.Namespace) -> list[Runnable]:
    """Seqloom's engines, then the peers that there are."""
    manifest = read_manifest(options.model)
    found, missing = offers(options.model)
    for each in missing:
        print(f"not measured: {each}", file=sys.stderr)
    chosen = [Runnable(f"Seqloom, {each.name}", worker(options.model, each), size_of(manifest, each)) for each in found]
    if options.onmt:
        command = [options.onmt, PEERS, "onmt", str(options.onmt_model)]
        chosen.append(Runnable("OpenNMT-py", command, options.onmt_model.stat().st_size))
    if options.plain:
        folders = ["--scripts", str(options.peers), "--pieces", str(options.pieces)]
        size = options.plain.stat().st_size + (options.pieces / "vocab.txt").stat().st_size
        command = [sys.executable, PEERS, "plain", str(options.plain), *folders]
        chosen.append(Runnable("hand-written PyTorch", command, size))
    if options.ct2:
        size = sum(path.stat().st_size for path in options.ct2_model.iterdir())
        length = ["--length", str(options.ct2_length)]
        command = [options.ct2, PEERS, "ct2", str(options.ct2_model), *length]
        chosen.append(Runnable("CTranslate2, Transformer, int8", command, size, trained=False))
    return chosen


def started(each: Runnable, core: str) -> Program:
    pickles = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}  # OpenNMT-py's files
    return Program(each.name, ["taskset", "-c", core, *each.command], {**pinned(1), **pickles})


def figures(each: Runnable, timings: Timings, references: list[str]) -> dict[str, float | str | None]:
    """All that was measured of a program."""
    tokens = sum(len(answer.split()) + 1 for answer in timings.beam_answers)
    speed = Speed.of(each.name, timings, tokens, each.size).to_json()
    greedy, beam = (
        bleu(answers, references) if each.trained else None
        for answers in (timings.greedy_answers, timings.beam_answers)
    )
    return {**speed, "bleu_greedy": greedy, "bleu_beam": beam}


def shown(row: dict[str, float | str | None]) -> list[str]:
    """The cells of a row, in the order of the table's head."""
    places = {"tokens_per_second": 0, "peak_mb": 0, "bleu_greedy": 2, "bleu_beam": 2}
    cells = {name: value for name, value in row.items() if name != "inputs"}
    return [
        value if isinstance(value, str) else "" if value is None else f"{value:,.{places.get(name, 1)}f}"
        for name, value in cells.items()
    ]


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def bleu(pieces: list[str], references: list[str]) -> float:
    return sacrebleu.corpus_bleu([joined(line) for line in pieces], [references], lowercase=True).score


if __name__ == "__main__":
    main()
