"""A peer as a process that answers lines of pieces when asked, in the way of `seqloom.bench.program`.

    python benchmarks/peers.py onmt MODEL
    python benchmarks/peers.py plain WEIGHTS --scripts FOLDER --pieces FOLDER
    python benchmarks/peers.py ct2 MODEL [--length 15]

Each is run by the Python that the peer is installed in, so nothing of Seqloom is imported. The scripts are the
hand-written plain_torch.py, the pieces vocab.txt. CTranslate2 runs an untrained Transformer, so every answer is made
`--length` pieces long. One thread.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

LONGEST = 80


class Peer(Protocol):
    """A loaded model."""

    def answers(self, lines: list[str], beam: int, batch: int) -> list[str]:
        """One answer a line, in order."""


class OpenNMT:
    """OpenNMT-py's own engine, which is what `onmt_translate` runs."""

    def __init__(self, options: argparse.Namespace) -> None:
        logging.disable(logging.INFO)  # a line a call
        translate = import_module("onmt.bin.translate")
        checks = translate.ArgumentParser
        arguments = ["-model", options.model, "-src", os.devnull, "-output", os.devnull, "-gpu", "-1"]
        chosen = translate._get_parser().parse_args([*arguments, "-max_length", str(LONGEST)])
        checks.validate_translate_opts(chosen)
        checks._get_all_transform_translate(chosen)
        checks._validate_transforms_opts(chosen)
        checks.validate_translate_opts_dynamic(chosen)
        self.engine = translate.InferenceEnginePY(chosen)

    def answers(self, lines: list[str], beam: int, batch: int) -> list[str]:
        self.engine.translator.beam_size, self.engine.opt.batch_size = beam, batch
        _, found = self.engine.infer_list(lines)
        return [best[0] for best in found]


class Plain:
    """The greedy and the beam search of plain_torch.py, which sorts its batches by length as its own `main` does."""

    def __init__(self, options: argparse.Namespace) -> None:
        torch = import_module("torch")
        torch.set_num_threads(1)
        path = options.scripts / "plain_torch.py"
        text, called, rest = path.read_text(encoding="utf-8").rpartition("\nmain()")
        assert called, f"{path} must end with its call of main()"
        assert not rest.strip()
        self.own: dict[str, Any] = {"__name__": "plain_torch"}
        exec(compile(text, str(path), "exec"), self.own)
        words = (options.pieces / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
        self.vocabulary = ["<pad>", "<s>", "</s>", "<unk>", *words]
        self.ids = {word: number for number, word in enumerate(self.vocabulary)}
        self.model = self.own["Seq2Seq"](len(self.vocabulary))
        self.model.load_state_dict(torch.load(options.model))
        self.model.eval()

    def answers(self, lines: list[str], beam: int, batch: int) -> list[str]:
        sources = [[self.ids.get(word, self.own["UNK"]) for word in line.split()] for line in lines]
        order = sorted(range(len(sources)), key=lambda row: len(sources[row]))
        found: dict[int, list[int]] = {}
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            inputs = [sources[row] for row in rows]
            greedy = beam == 1 and batch == 1
            made = [self.own["greedy"](self.model, inputs[0])] if greedy else self.own["beam"](self.model, inputs, beam)
            found.update(zip(rows, made, strict=True))
        return [" ".join(self.vocabulary[each] for each in found[row]) for row in range(len(lines))]


class CTranslate2:
    """A converted Transformer; answers have one length, since it was never trained."""

    def __init__(self, options: argparse.Namespace) -> None:
        translator = import_module("ctranslate2").Translator
        self.translator = translator(
            str(options.model), device="cpu", intra_threads=1, inter_threads=1, compute_type="int8"
        )
        self.length = options.length

    def answers(self, lines: list[str], beam: int, batch: int) -> list[str]:
        sources = [[*line.split(), "</s>"] for line in lines]
        lengths = {"min_decoding_length": self.length, "max_decoding_length": self.length}
        found = self.translator.translate_batch(sources, beam_size=beam, max_batch_size=batch, **lengths)
        return [" ".join(each.hypotheses[0]) for each in found]


PEERS: dict[str, Callable[[argparse.Namespace], Peer]] = {"onmt": OpenNMT, "plain": Plain, "ct2": CTranslate2}


def main() -> None:
    parser = argparse.ArgumentParser(description="A peer that answers when asked")
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("model")
    parser.add_argument("--scripts", type=Path, help="folder of plain_torch.py")
    parser.add_argument("--pieces", type=Path, help="folder of vocab.txt")
    parser.add_argument("--length", type=int, default=15)
    options = parser.parse_args()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as replies:
        os.dup2(2, 1)  # whatever a peer prints is no reply
        peer = PEERS[options.peer](options)
        for line in sys.stdin:
            asked = json.loads(line)
            sources = [text for text, _ in asked["sources"]]
            replies.write(json.dumps(replied(peer, sources, asked["beam"], asked["batch"])) + "\n")
            replies.flush()


def replied(peer: Peer, lines: list[str], beam: int, batch: int) -> dict[str, Any]:
    calls = [[line] for line in lines] if batch == 1 else [lines]
    seconds: list[float] = []
    answers: list[str] = []
    for call in calls:
        began = time.perf_counter()
        answers += peer.answers(call, beam, batch)
        seconds.append(time.perf_counter() - began)
    return {"seconds": seconds, "answers": answers, "peak_mb": peak_memory()}


def peak_memory() -> float | None:
    """As `seqloom bench` reads it, on Linux."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii", errors="replace").splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM:")), None)


if __name__ == "__main__":
    main()
