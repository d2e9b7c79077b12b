"""The rules by which settings that are not given are chosen, as a table. `benchmarks/defaults.py` makes the
measurements behind them anew.

A rule holds for some tasks and some numbers of pairs; the first rule that names a setting chooses it. So a rule for a
special case stands above the general one.
"""

from __future__ import annotations

from collections.abc import Collection

from seqloom.planning.config import Effort
from seqloom.planning.rule import Rule, is_given

MONOTONIC = 0.3
"""The least correlation of positions with which targets follow the order of their sources."""
SEVERAL_WORDS = 3
"""The least mean number of words with which a source is more than a word or a name."""
SAME_LETTERS = 0.9
"""The least share of target letters that are letters of sources, too, with which both sides have one alphabet."""


RULES: tuple[Rule, ...] = (
    # words and names
    Rule(
        {"text.source.unicode": "NFD"},
        "source characters are composed of far fewer parts",
        "Korean (SIGMORPHON 2020): 17 points of word error rate; nothing elsewhere",
        tasks=("words", "transduction"),
        when=lambda facts: facts.composed,
    ),
    Rule(
        {"model.decoder.attend": "feed", "model.attention": {"kind": "location_sensitive"}},
        "targets follow the order of their sources",
        "Dutch, 3,600 words: 15.4 % of words wrong; with general attention 16.8, and before the layers 17.6",
        tasks=("words",),
        when=lambda facts: facts.monotonic >= MONOTONIC,
        together=True,
    ),
    Rule(
        {"model.decoder.attend": "feed"},
        "words are short, so that a loop over their steps costs little",
        "Dutch, 3,600 words: 16.8 % of words wrong; attention before the layers 17.6",
        tasks=("words",),
    ),
    Rule(
        {
            "model.embedding": 128,
            "model.hidden": 256,
            "model.encoder.layers": 1,
            "model.decoder.layers": 1,
            "model.dropout": 0.5,
            "model.embedding_dropout": 0.4,
        },
        "words need a small network and strong dropout",
        "Dutch, 3,600 words: with averaged weights 15.2 % of words wrong; dropout 0.4 and 0.3, not averaged, 15.4 %",
        tasks=("words",),
    ),
    Rule(
        {"training.ema": 0.999},
        "averaged weights answer better than the last ones",
        "Dutch, 3,600 words: with dropout 0.5 and 0.4 15.2 % of words wrong; without both 15.4 %",
        tasks=("words",),
        unless=("training.selection.average_best",),
    ),
    Rule(
        {
            "training.batch.tokens": 1024,
            "training.optimiser.learning_rate": 2e-3,
            "training.schedule.warmup": 200,
        },
        "small batches and a high rate with a warm-up train fast",
        "Dutch, 3,600 words: 15.4 % of words wrong after 2,500 updates, 3.2 minutes",
        tasks=("words",),
    ),
    Rule(
        {"training.selection.on": "main", "training.selection.beam": 1, "training.selection.limit": 500},
        "answers still get better when the loss on dev no longer does",
        "Dutch, 800 words: the loss is best at update 500, the word error rate at 2,500",
        tasks=("words",),
    ),
    # labels
    Rule(
        {"text.source.kind": "word", "text.source.min_count": 2, "model.source_word_dropout": 0.1},
        "few texts teach whole words sooner than parts of words, and lose too much where many of them are hidden",
        "TREC (4,952 questions), 700 updates: 87.6 % of dev questions right; with a fifth of the words hidden 84.8, "
        "with a third 82.7; parts of words 85.0",
        tasks=("labels",),
        pairs=(2_000, 6_000),
        when=lambda facts: facts.source_length >= SEVERAL_WORDS,
        together=True,
    ),
    Rule(
        {
            "text.source.kind": "bpe",
            "text.source.vocabulary_size": 8000,
            "text.source.lowercase": True,
            "text.source.dropout": 0.1,
        },
        "parts of words, cut at random, tell more of rare words than whole words do",
        "SST-2: 82.2 % of dev sentences right, with words 80.6; rotten tomatoes 79.7",
        tasks=("labels",),
        when=lambda facts: facts.source_length >= SEVERAL_WORDS,
        together=True,
    ),
    Rule(
        {"model.answer": "label", "model.pooling": {"kind": "attention"}, "plan.tune_search": False},
        "targets are few and repeated: each is one label, and nothing is written symbol by symbol",
        "TREC (4,952 questions), 400 updates, one seed: 81.0 % of dev questions right; a decoder 78.4, the mean 79.2",
        tasks=("labels",),
        when=lambda facts: facts.answer == "label",
    ),
    Rule(
        {"plan.tune_search": False},
        "labels are not searched for",
        "no measurement: there is no search",
        tasks=("labels",),
        when=lambda facts: facts.answer == "labels",
    ),
    Rule(
        {
            "model.embedding": 128,
            "model.hidden": 256,
            "model.encoder.layers": 1,
            "model.dropout": 0.5,
            "model.embedding_dropout": 0.5,
            "model.embedding_deviation": 0.1,
            "model.source_word_dropout": 0.2,
        },
        "a label follows from few words, and rare words should say little until they are learned",
        "SST-2: embeddings of deviation 1 give 70 to 71 %, of 0.1 79 to 80 %",
        tasks=("labels",),
    ),
    Rule(
        {
            "model.decoder.layers": 1,
            "model.decoder.attend": "after",
            "model.decoder.bridge": "zero",
            "search.beam": 1,
            "plan.tune_search": False,
        },
        "a label is one symbol",
        "SST-2: 82.6 % of dev sentences right",
        tasks=("labels",),
        when=lambda facts: facts.answer == "sequence",
    ),
    Rule(
        {"training.batch.tokens": 500, "training.optimiser.learning_rate": 2e-3},
        "few examples need small batches to make enough updates",
        "TREC (4,952 questions): 88.0 % of dev questions right, in batches of 1,500 tokens 85.4",
        tasks=("labels",),
        pairs=(0, 6_000),
    ),
    Rule(
        {"training.ema": 0.995},
        "averaged weights are as good after fewer updates",
        "SST-2: 82.2 % of dev sentences right after 900 updates; without the average 82.1 after 1,500",
        tasks=("labels",),
        unless=("training.selection.average_best",),
    ),
    Rule(
        {
            "training.batch.tokens": 1500,
            "training.optimiser.learning_rate": 3e-3,
            "training.optimiser.weight_decay": 0.05,
            "training.schedule.warmup": 100,
        },
        "labels are learned from few updates at a high rate",
        "SST-2: 82.6 % of dev sentences right",
        tasks=("labels",),
    ),
    Rule(
        {"training.selection.on": "main", "training.selection.limit": 2000},
        "answers are cheap to look at",
        "SST-2: 82.6 % of dev sentences right",
        tasks=("labels",),
    ),
    # tags
    Rule(
        {"model.answer": "frame", "plan.tune_search": False},
        "every text has one label (data.label) and every word one tag, and nothing is written symbol by symbol",
        "SNIPS (13,084 requests), 7 epochs: 85.1 % of dev frames right with averaged weights, 146 seconds of one core",
        tasks=("tags",),
        when=lambda facts: facts.answer == "frame",
    ),
    Rule(
        {"model.answer": "tags", "plan.tune_search": False},
        "every word has one tag out of few, and nothing is written symbol by symbol",
        "SNIPS (13,084 sentences), 700 updates: F1 of dev spans 89.6 with the mean of a word's pieces, the first 89.2",
        tasks=("tags",),
    ),
    Rule(
        {
            "model.embedding": 128,
            "model.hidden": 256,
            "model.encoder.layers": 1,
            "model.dropout": 0.5,
            "model.embedding_dropout": 0.4,
        },
        "a tag follows from its word and a few around it: a small network and strong dropout",
        "SNIPS (13,084 sentences): F1 of dev spans 89.6 after 700 updates, 83 seconds of one core",
        tasks=("tags",),
    ),
    Rule(
        {"training.label_smoothing": 0.0},
        "probabilities of tags are then nearer to how often they are right",
        "SNIPS (13,084 sentences), 700 updates: dev loss 0.18 a word, with 0.1 0.23; F1 of spans 89.4 and 89.6",
        tasks=("tags",),
    ),
    Rule(
        {"training.batch.tokens": 1500, "training.optimiser.learning_rate": 3e-3, "training.schedule.warmup": 100},
        "tags are learned from few updates at a high rate",
        "SNIPS (13,084 sentences): F1 of dev spans 89.6 after 700 updates, 83 seconds of one core",
        tasks=("tags",),
    ),
    Rule(
        {"training.selection.on": "main", "training.selection.limit": 2000},
        "answers are cheap to look at",
        "no measurement: tagging 700 sentences takes a second",
        tasks=("tags",),
    ),
    # transduction
    Rule(
        {"plan.tune_search": False},
        "the strings of all symbols are found together, and nothing is searched for",
        "no measurement: there is no search",
        tasks=("transduction",),
    ),
    Rule(
        {
            "model.embedding": 128,
            "model.hidden": 256,
            "model.encoder.layers": 1,
            "model.dropout": 0.5,
            "model.embedding_dropout": 0.4,
        },
        "words need a small network and strong dropout",
        "Dutch, 3,600 words, 1,500 updates: 16.9 % of dev words wrong",
        tasks=("transduction",),
    ),
    Rule(
        {"training.batch.tokens": 1500, "training.optimiser.learning_rate": 3e-3, "training.schedule.warmup": 100},
        "strings are learned from few updates at a high rate",
        "Dutch, 3,600 words, 1,500 updates: 16.9 % of dev words wrong",
        tasks=("transduction",),
    ),
    Rule(
        {"training.selection.on": "main", "training.selection.limit": 2000},
        "answers are cheap to look at",
        "no measurement: answering 450 words takes a second",
        tasks=("transduction",),
    ),
    # sentences and texts
    Rule(
        {"text.shared": True, "model.share_embeddings": True, "model.decoder.readout": {"kind": "tied"}},
        "both sides are written with the same letters",
        "Multi30k: 38.8 BLEU on dev, 37.7 (tokenised, lower-cased) on test 2016 in 38 minutes of one core",
        tasks=("sentences", "texts"),
        when=lambda facts: facts.shared >= SAME_LETTERS,
        together=True,
    ),
    Rule(
        {
            "model.embedding": 256,
            "model.hidden": 256,
            "model.encoder.layers": 1,
            "model.decoder.layers": 2,
            "model.dropout": 0.4,
            "model.embedding_dropout": 0.3,
            "training.batch.tokens": 2048,
        },
        "few sentences need a small network and strong dropout",
        "English to German, 6,000 sentences (Tatoeba): 15.9 BLEU on dev after 1,500 updates",
        tasks=("sentences",),
        pairs=(0, 15_000),
    ),
    Rule(
        {
            "model.embedding": 256,
            "model.hidden": 320,
            "model.encoder.layers": 2,
            "model.decoder.layers": 2,
            "model.dropout": 0.3,
            "model.embedding_dropout": 0.2,
        },
        "sentences need two layers and dropout",
        "Multi30k: 38.8 BLEU on dev, 37.7 (tokenised, lower-cased) on test 2016 in 38 minutes of one core",
        tasks=("sentences",),
    ),
    Rule(
        {"training.ema": 0.999},
        "averaged weights answer better than the last ones",
        "Multi30k: 38.8 BLEU on dev, 37.7 (tokenised, lower-cased) on test 2016 in 38 minutes of one core",
        tasks=("sentences",),
        unless=("training.selection.average_best",),
    ),
    Rule(
        {"model.encoder.layers": 1, "model.decoder.layers": 1, "model.dropout": 0.3, "model.embedding_dropout": 0.3},
        "reading long texts costs the most",
        "AESLC: the recipe aeslc",
        tasks=("texts",),
    ),
    Rule(
        {"search.no_repeat_ngram": 3},
        "summaries repeat themselves otherwise",
        "AESLC: the recipe aeslc",
        tasks=("texts",),
    ),
    Rule(
        {"training.optimiser.learning_rate": 2e-3, "training.schedule.warmup": 200, "training.batch.tokens": 2600},
        "high rates with a warm-up train fast",
        "Multi30k: 38.8 BLEU on dev, 37.7 (tokenised, lower-cased) on test 2016 in 38 minutes of one core",
        tasks=("sentences", "texts"),
    ),
)
"""The rules, special ones first."""


def left_open(given: Collection[str], effort: Effort) -> frozenset[str]:
    """The dotted names of the settings that a plan may still choose where these are given."""
    if effort == "none":
        return frozenset()
    names = (name for rule in RULES for name in (*rule.settings, *rule.unless))
    return frozenset(name for name in names if not is_given(name, given))
