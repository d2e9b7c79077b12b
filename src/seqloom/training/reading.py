"""One reading of the training pairs before anything else: the plan, the tokenizers, and what answers are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version

from seqloom.checkpoint import StoredModel
from seqloom.codecs import Codecs, Labels, SymbolsCodec, TextCodec, TransductionCodec, WordsCodec
from seqloom.codecs.pair import TARGET_CODECS, TargetCodec
from seqloom.codecs.symbols import symbols_of
from seqloom.data import Survey, survey
from seqloom.errors import DataError
from seqloom.evenly import evenly
from seqloom.model_config import WITHOUT_DECODER
from seqloom.planning import Facts, Plan, facts_of
from seqloom.text import TextConfig, Tokenizer, train_tokenizers
from seqloom.text.choice import choose, choose_source
from seqloom.text.coverage import Coverage, text_notices
from seqloom.text.special import UNK
from seqloom.text.training import train_source_tokenizer
from seqloom.training.answers import Targets, answering, check_settings, frame_codec, label_codec
from seqloom.training.attention_place import fitted
from seqloom.training.config import RunConfig
from seqloom.training.fine_tuning import grown, grown_source
from seqloom.training.pairs import PairSource
from seqloom.training.planned import given_settings, planned
from seqloom.transduction import Aligner

READERS: Mapping[str, type[TextCodec]] = {"tags": WordsCodec, "frame": WordsCodec, "transduction": SymbolsCodec}
"""How sources are read, for each kind of target codec where that is not as text."""
ALIGNED = 20_000
"""How many pairs an alignment is learned from at most."""
Made = tuple[TextConfig, Tokenizer, TargetCodec, list[str]]
"""Settings of text without `auto`, the source's tokenizer, the codec of the target side, and what is said of them."""


def read_once(
    config: RunConfig, source: PairSource, start: StoredModel | None
) -> tuple[RunConfig, Plan, Codecs, list[str]]:
    """Return the configuration with what was left open chosen for the pairs, the plan behind it, the codecs, and
    notices of what was chosen.

    Tokenizers are trained, or extended from those of the model to start from; they are cached with the pairs.
    """

    def make() -> str:
        targets = Targets(frames=bool(config.data.label) or config.model.answer == "frame")
        examples = targets.counting(source.examples())
        seen = survey(examples, seed=config.training.seed, where=", ".join(source.files))
        facts = facts_of(seen.pairs, tags=len(seen.tags), count=seen.count)
        facts = answering(config, facts, given_settings(config), targets)
        wanted = planned(config, facts)[0]
        if facts.answer == "transduction":
            made = _transduced(wanted, seen, start)
        elif facts.answer in WITHOUT_DECODER:
            made = _labelled(wanted, facts, targets, seen, start)
        else:
            made = _text(wanted, seen, start)
        text, first, target, said = made
        sides = {"source": first.to_json(), "target": target.to_json(), "kind": target.kind}
        return json.dumps({"facts": facts.to_json(), "text": text.model_dump(), "said": said, **sides})

    old = [] if start is None else [start.codecs.source.to_json(), start.codecs.target.to_json()]
    makers = [version("seqloom"), version("tokenizers")]
    wishes = [config.text.model_dump_json(), config.model.model_dump_json(), config.plan.effort, *sorted(config.given)]
    values = json.loads(source.remembered([*wishes, str(config.training.seed), *makers, *old], make))
    facts, text = Facts(**values["facts"]), TextConfig.model_validate(values["text"])
    given = given_settings(config)
    config, plan = planned(config, facts)
    model, said = fitted(config.model, words=facts.task == "words")
    config = config.replace(text=text, model=model)
    check_settings(config, given)
    first = TextCodec(Tokenizer.from_json(values["source"]))
    target: TargetCodec = first
    if not text.shared:
        target = TARGET_CODECS[values["kind"]].from_json(values["target"])
    first = READERS.get(target.kind, TextCodec)(first.tokenizer)
    codecs = Codecs(first, target).turned(**config.data.reversed)
    lengths = [name for name in ("training.epochs", "training.max_steps") if name in given]
    if config.plan.effort == "quick" and lengths:
        said = [*said, f"plan.effort = quick does not shorten training, as {lengths[0]} is given"]
    return config, plan, codecs, [*values["said"], *said]


def _text(config: RunConfig, seen: Survey, start: StoredModel | None) -> Made:
    """Text on both sides."""
    if start is None:
        text, said = choose(seen.pairs, config.text, seen.count)
        tokenizers = train_tokenizers(seen.pairs, text, seen.tags)
    else:
        text, (tokenizers, said) = config.text, grown(config, start, seen)
    said = [*said, *text_notices(tokenizers, seen.pairs, text)]
    return text, tokenizers[0], TextCodec(tokenizers[1]), said


def _transduced(config: RunConfig, seen: Survey, start: StoredModel | None) -> Made:
    """Text on the source side, on the other the strings that an alignment of the pairs finds."""
    if start is not None:
        codecs = start.codecs
        assert isinstance(codecs.target, TransductionCodec)  # the settings of the network are those of the model
        return config.text, codecs.source.tokenizer, codecs.target, ["symbols and strings are those of the model"]
    text, said = choose(seen.pairs, config.text, seen.count)
    source, target = train_tokenizers(seen.pairs, text, seen.tags)
    pairs = [seen.pairs[row] for row in evenly(len(seen.pairs), ALIGNED)]
    marked = SymbolsCodec(source).encode([one for one, _ in pairs])
    written = target.encode([two for _, two in pairs])
    both = [(symbols_of(one), two) for one, two in zip(marked, written, strict=True) if UNK not in two]
    codec = TransductionCodec(target, Aligner.learned(both))
    if len(codec.strings) < 2:
        raise DataError(
            "the targets must differ, and the symbols of all sources stand for the same",
            hint="look at data.target",
        )
    longest = max(map(len, codec.aligner.parts))
    told = f"strings: {len(codec.strings):,} different ones of up to {longest} symbols stand for the symbols of sources"
    return text, source, codec, [*said, *text_notices((source, target), seen.pairs, text), told]


def _labelled(config: RunConfig, facts: Facts, targets: Targets, seen: Survey, start: StoredModel | None) -> Made:
    """Text on the source side, labels, tags or frames on the other."""
    sources = [source for source, _ in seen.pairs]
    if start is None:
        text, said = choose_source(seen.pairs, config.text, seen.count)
        tokenizer, old = train_source_tokenizer(sources, text, seen.tags), None
    else:
        text, old = config.text, start.codecs.target if isinstance(start.codecs.target, Labels) else None
        tokenizer, said = grown_source(config, start, seen)
    codec: TargetCodec
    if facts.answer == "frame":
        codec, more = frame_codec(targets)
    elif facts.answer == "tags":
        codec, more = targets.tags.codec(old)
    else:
        codec, more = label_codec(facts.answer, targets, text.label_separator, old)
    read = Coverage.of(tokenizer, sources).sentences("source", written=False)
    return text, tokenizer, codec, [*said, *more, *read]
