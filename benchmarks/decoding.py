"""Decoding speed and quality beside the peers, in one run: one pinned core, the same pieces, greedy and beam search.

    python benchmarks/decoding.py MODEL PIECES [--peers FOLDER --plain WEIGHTS] [--onmt PYTHON --onmt-model FILE]

MODEL is a folder that `seqloom train benchmarks/multi30k-pieces.toml` wrote. PIECES holds test_2016_flickr.en as
space-separated sentencepiece pieces and lc.test_2016_flickr.de, the lower-cased reference. FOLDER holds the
hand-written plain_torch.py and onmt_translate_cpu.py. Loading is not counted; times are medians over the rounds, BLEU
is 13a, lower-cased.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import sacrebleu

from seqloom import load

TEST = "test_2016_flickr"
BEAM = ("--beam_size", "5", "--batch_size", "32")
GREEDY = ("--beam_size", "1", "--batch_size", "1")


class Measured(NamedTuple):
    """One round of one program."""

    greedy_ms: float
    """Milliseconds a sentence, one sentence at a time."""
    beam_rate: float
    """Sentences a second, beam 5, batches of 32."""
    greedy: list[str]
    beam: list[str]


def main() -> None:
    parser = argparse.ArgumentParser(description="Decoding speed beside the peers")
    parser.add_argument("model", type=Path)
    parser.add_argument("pieces", type=Path)
    parser.add_argument("--peers", type=Path, help="folder of plain_torch.py and onmt_translate_cpu.py")
    parser.add_argument("--plain", type=Path, help="weights of the hand-written model")
    parser.add_argument("--onmt", type=Path, help="the Python that has OpenNMT-py")
    parser.add_argument("--onmt-model", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--core", default="1")
    parser.add_argument("--only-us", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_us:
        ours(options)
        return
    programs: dict[str, Callable[[Path], Measured]] = {"Seqloom": partial(seqloom, options)}
    if options.plain:
        programs["hand-written PyTorch"] = partial(plain, options)
    if options.onmt:
        programs["OpenNMT-py"] = partial(onmt, options)
    found: dict[str, list[Measured]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            for name, measure in programs.items():
                found[name].append(measure(Path(folder)))
                last = found[name][-1]
                print(f"round {number + 1}: {name} {last.greedy_ms:.1f} ms, {last.beam_rate:.1f}/s", file=sys.stderr)
    references = lines(options.pieces / f"lc.{TEST}.de")
    print("| program | greedy, ms a sentence | BLEU | beam 5 × 32, sentences/s | BLEU |\n|---|---|---|---|---|")
    for name, rounds in found.items():
        greedy, beam = (bleu(answers, references) for answers in (rounds[-1].greedy, rounds[-1].beam))
        milliseconds = statistics.median(each.greedy_ms for each in rounds)
        rate = statistics.median(each.beam_rate for each in rounds)
        print(f"| {name} | {milliseconds:.1f} | {greedy:.2f} | {rate:.1f} | {beam:.2f} |")


def pinned(options: argparse.Namespace, command: list[str], folder: Path | None = None) -> str:
    environment = {
        **os.environ,
        **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
        "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1",  # OpenNMT-py's files are pickles
    }
    full = ["taskset", "-c", options.core, *command]
    return subprocess.run(full, env=environment, check=True, capture_output=True, text=True, cwd=folder).stdout


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def bleu(pieces: list[str], references: list[str]) -> float:
    joined = [line.replace(" ", "").replace("\u2581", " ").strip() for line in pieces]
    return sacrebleu.corpus_bleu(joined, [references], lowercase=True).score


def seqloom(options: argparse.Namespace, folder: Path) -> Measured:
    """A process of its own, like the peers'."""
    command = [sys.executable, __file__, str(options.model), str(options.pieces), "--only-us", str(folder / "ours")]
    milliseconds, rate = map(float, pinned(options, command).split())
    return Measured(milliseconds, rate, lines(folder / "ours.greedy"), lines(folder / "ours.beam"))


def ours(options: argparse.Namespace) -> None:
    """In the process that is timed: milliseconds a sentence and sentences a second, answers into files."""
    model = load(options.model)
    sentences = lines(options.pieces / f"{TEST}.en")
    greedy = model.with_settings(["search.beam=1"])
    wide = model.with_settings(["search.beam=5", "search.batch=32"])
    for chosen in (greedy, wide):
        list(chosen.stream(sentences[:8], window=1))
    began = time.perf_counter()
    one_by_one = list(greedy.stream(sentences, window=1))
    between = time.perf_counter()
    batched = list(wide.stream(sentences))
    ended = time.perf_counter()
    for name, answers in (("greedy", one_by_one), ("beam", batched)):
        text = "".join(answer.text + "\n" for answer in answers)
        Path(f"{options.only_us}.{name}").write_text(text, encoding="utf-8")
    print(1000 * (between - began) / len(sentences), len(sentences) / (ended - between))


def plain(options: argparse.Namespace, folder: Path) -> Measured:
    """The hand-written model, both ways in one process."""
    script, weights = str(options.peers / "plain_torch.py"), str(options.plain)
    outputs = str(folder / "plain")
    command = [sys.executable, script, "--data", str(options.pieces), "--load", weights, "--decode", "--out", outputs]
    printed = pinned(options, command)
    (milliseconds,), (rate,) = re.findall(r"([0-9.]+) ms/sent\n", printed), re.findall(r"bs32 ([0-9.]+) sent", printed)
    return Measured(float(milliseconds), float(rate), lines(folder / "plain.greedy"), lines(folder / "plain.beam"))


def onmt(options: argparse.Namespace, folder: Path) -> Measured:
    """OpenNMT-py's own translator on the CPU, wall time without loading."""
    script = str(options.peers / "onmt_translate_cpu.py")
    source = str(options.pieces / f"{TEST}.en")
    shared = ["-model", str(options.onmt_model), "-src", source, "-max_length", "80", "-gpu", "-1"]
    figures = {}
    for name, flags in (("greedy", GREEDY), ("beam", BEAM)):
        output = str(folder / f"onmt.{name}")
        printed = pinned(options, [str(options.onmt), script, *shared, *flags, "-output", output])
        figures[name] = re.findall(r"wall ([0-9.]+) ms/sent ([0-9.]+) sent/s", printed)[0]
    return Measured(
        float(figures["greedy"][0]),
        float(figures["beam"][1]),
        lines(folder / "onmt.greedy"),
        lines(folder / "onmt.beam"),
    )


if __name__ == "__main__":
    main()
