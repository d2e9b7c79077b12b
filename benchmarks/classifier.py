"""Training and answers of a network of labels beside a hand-written PyTorch classifier of the same size, in one run.

    python benchmarks/classifier.py TRAIN TEST [--source 2] [--target 1] [--updates 200] [--rounds 3]

The files are TSV without a header. Seqloom trains by `seqloom train` without settings but the number of updates. The
classifier has the same tokenizer, widths, batches and optimiser: an embedding, one bidirectional `nn.LSTM` over packed
sequences, attention over its outputs, dropout, one layer. One thread. Each round times everything once; the table gives
medians of texts a second and ratios to the classifier in float32. Answers include cutting texts into ids.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

import seqloom
from seqloom.api import Model
from seqloom.export import export_model

SKIPPED = 20
"""Updates, and texts one at a time, that count as warming up."""
BATCH, ALONE = 32, 200
"""Texts of a batch that is answered together, and how many are answered one at a time."""
Ids = list[int]


class Classifier(nn.Module):
    """What one writes by hand: embedding, LSTM in both directions, attention, one layer."""

    def __init__(self, symbols: int, labels: int, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(symbols, width, padding_idx=0)
        self.lstm = nn.LSTM(width, hidden // 2, batch_first=True, bidirectional=True)
        self.attention = nn.Linear(hidden, 1)
        self.dropout = nn.Dropout(dropout)
        self.readout = nn.Linear(hidden, labels)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Scores [B, C] of padded ids [B, S]."""
        packed = nn.utils.rnn.pack_padded_sequence(
            self.dropout(self.embedding(ids)), lengths, batch_first=True, enforce_sorted=False
        )
        values, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        scores = self.attention(values).squeeze(2).masked_fill(ids == 0, -torch.inf)
        vector = (scores.softmax(1).unsqueeze(2) * values).sum(1)
        found: Tensor = self.readout(self.dropout(vector))
        return found


def padded(rows: Sequence[Ids]) -> tuple[Tensor, Tensor]:
    """Ids [B, S] with zeros behind them, and their lengths [B]."""
    padding = nn.utils.rnn.pad_sequence([torch.tensor(each) for each in rows], batch_first=True)
    return padding, torch.tensor([len(each) for each in rows])


def batches(rows: Sequence[Ids], tokens: int) -> Iterator[list[int]]:
    """Rows of similar length, together with their padding at most so many tokens."""
    batch: list[int] = []
    for row in sorted(range(len(rows)), key=lambda row: len(rows[row])):
        if batch and (len(batch) + 1) * len(rows[row]) > tokens:
            yield batch
            batch = []
        batch.append(row)
    yield batch


def trained_by_hand(
    network: Classifier, rows: Sequence[Ids], labels: Sequence[int], tokens: int, updates: int, *, bfloat16: bool
) -> float:
    """Texts a second of training."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)
    chance = torch.Generator().manual_seed(1)
    given = list(batches(rows, tokens))
    network.train()
    seen, began = 0, 0.0
    for step in range(updates):
        if step == SKIPPED:
            seen, began = 0, time.perf_counter()
        batch = given[int(torch.randint(len(given), (1,), generator=chance))]
        ids, lengths = padded([rows[row] for row in batch])
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            loss = nn.functional.cross_entropy(
                network(ids, lengths).float(), torch.tensor([labels[row] for row in batch])
            )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        seen += len(batch)
    return seen / (time.perf_counter() - began)


def trained_by_seqloom(train: Path, folder: Path, given: argparse.Namespace) -> float:
    """Texts a second of training, the median of its reports but the first."""
    settings = {
        "data.source": given.source,
        "data.target": given.target,
        "training.max_steps": given.updates,
        "training.epochs": 0,
        "training.log_every": max(1, given.updates // 8),
        "training.evaluate_every": given.updates,
        "training.schedule.warmup": 20,
    }
    options = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "seqloom", "train", str(train), "--output", str(folder), "--overwrite", *options]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    rates = [each["tokens_per_second"] for each in log if each["kind"] == "step"]
    return float(statistics.median(rates[1:]))


def rate(answer: Callable[[Sequence[str]], object], texts: Sequence[str]) -> dict[str, float]:
    """Texts a second, all in batches and some one at a time."""
    answer(texts[:BATCH])
    began = time.perf_counter()
    answer(texts)
    together = time.perf_counter() - began
    for text in texts[:SKIPPED]:
        answer([text])
    began = time.perf_counter()
    for text in texts[:ALONE]:
        answer([text])
    return {
        f"answers in batches of {BATCH}": len(texts) / together,
        "answers one at a time": len(texts[:ALONE]) / (time.perf_counter() - began),
    }


def by_hand(network: Classifier, model: Model) -> Callable[[Sequence[str]], object]:
    """The answers of the classifier, with Seqloom's tokenizer."""

    @torch.inference_mode()
    def answer(texts: Sequence[str]) -> list[int]:
        network.eval()
        found: list[int] = []
        rows = model.codecs.source.encode(list(texts))
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
        for start in range(0, len(rows), BATCH):
            ids, lengths = padded([rows[row] or [3] for row in order[start : start + BATCH]])
            found += network(ids, lengths).argmax(1).tolist()
        return found

    return answer


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--source", type=int, default=2)
    parser.add_argument("--target", type=int, default=1)
    parser.add_argument("--updates", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = [line.split("\t") for line in given.train.read_text(encoding="utf-8").splitlines()]
    texts = [
        line.split("\t")[given.source - 1]
        for line in given.test.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    rates: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "model"
        for number in range(given.rounds):
            rates["Seqloom"]["training"].append(trained_by_seqloom(given.train, folder, given))
            model = seqloom.load(folder, engine="torch")
            measured(model, folder, rows, texts, given, rates)
            print(f"round {number + 1} of {given.rounds}", file=sys.stderr, flush=True)
    table(rates)


def measured(
    model: Model,
    folder: Path,
    rows: Sequence[Sequence[str]],
    texts: Sequence[str],
    given: argparse.Namespace,
    rates: dict[str, dict[str, list[float]]],
) -> None:
    """One round of everything but the training of Seqloom, added to the rates."""
    config = model.config.model
    ids = [each or [3] for each in model.codecs.source.encode([row[given.source - 1] for row in rows])]
    labels = [each[0] - 4 for each in model.codecs.target.encode([row[given.target - 1] for row in rows])]
    size, count = model.codecs.source.size, max(labels) + 1
    for name, bfloat16 in (("by hand, float32", False), ("by hand, bfloat16", True)):
        network = Classifier(size, count, config.embedding, config.encoder_hidden, config.dropout)
        tokens = model.config.training.batch.tokens
        assert isinstance(tokens, int)
        speed = trained_by_hand(network, ids, labels, tokens, given.updates, bfloat16=bfloat16)
        rates[name]["training"].append(speed)
        if not bfloat16:
            for what, found in rate(by_hand(network, model), texts).items():
                rates[name][what].append(found)
    for int8 in (False, True):
        export_model(folder, int8=int8)
        graph = seqloom.load(folder, engine="onnx", int8=int8)
        for what, found in rate(graph.predict, texts).items():
            rates[f"Seqloom, exported{', int8' if int8 else ''}"][what].append(found)
    for what, found in rate(model.predict, texts).items():
        rates["Seqloom"][what].append(found)


def table(rates: dict[str, dict[str, list[float]]]) -> None:
    """Print medians and ratios."""
    base = rates["by hand, float32"]
    print("| | " + " | ".join(base) + " |\n|" + "---|" * (len(base) + 1))
    for name, found in rates.items():
        cells = []
        for what, values in base.items():
            if what in found:
                median = statistics.median(found[what])
                cells.append(f"{median:,.0f} ({median / statistics.median(values):.2f})")
            else:
                cells.append("")
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
