"""What every codec keeps to: decoding gives back what was encoded, and its file gives back the codec."""

from __future__ import annotations

import json
import pickle
from itertools import product
from typing import Any

import pytest

from seqloom.codecs import (
    SOURCE_CODECS,
    TARGET_CODECS,
    CodecFiles,
    Codecs,
    FrameCodec,
    LabelCodec,
    LabelsCodec,
    SymbolsCodec,
    TagsCodec,
    TextCodec,
    TransductionCodec,
    WordsCodec,
)
from seqloom.codecs.symbols import symbols_of
from seqloom.errors import ModelFolderError
from seqloom.text import TextConfig, TokenizerConfig, train_tokenizer, train_tokenizers
from seqloom.transduction import Aligner

TEXTS = ["abc cba", "a b c", "bca", "c", "ab  ba"]
CHARACTERS = TokenizerConfig(kind="character")


def text_codecs() -> list[tuple[TextCodec, list[str]]]:
    """Text codecs of all kinds of tokenizers in both directions, each with texts that it can represent."""
    made = []
    for kind, reverse in product(("character", "byte", "word", "bpe", "unigram"), (False, True)):
        config = TokenizerConfig(kind=kind, vocabulary_size=40)
        kept = TEXTS if kind in ("character", "byte") else [text.replace("  ", " ") for text in TEXTS]
        made.append((TextCodec(train_tokenizer(TEXTS, config, ("X",)), reverse), kept))
    return made


def words_codecs() -> list[tuple[WordsCodec, list[str]]]:
    """Codecs of words of all kinds of tokenizers, each with texts that it can represent."""
    kept = [text.replace("  ", " ") for text in TEXTS]
    kinds = ("character", "byte", "word", "bpe", "unigram")
    trained = (train_tokenizer(TEXTS, TokenizerConfig(kind=kind, vocabulary_size=40), ("X",)) for kind in kinds)
    return [(WordsCodec(tokenizer), kept) for tokenizer in trained]


def symbols_codecs() -> list[tuple[SymbolsCodec, list[str]]]:
    """Codecs of symbols of all kinds of tokenizers, each with texts that it can represent."""
    return [(SymbolsCodec(codec.tokenizer), kept) for codec, kept in text_codecs() if not codec.reverse]


def transduction_codecs() -> list[tuple[TransductionCodec, list[str]]]:
    """Codecs of strings for symbols, learned from the texts that they represent, whose sources are the same texts."""
    made = []
    for kind in ("character", "word"):
        kept = TEXTS if kind == "character" else [text.replace("  ", " ") for text in TEXTS]
        tokenizer = train_tokenizer(kept, TokenizerConfig(kind=kind, vocabulary_size=40))
        pairs = list(zip(map(symbols_of, sources_of(kept)), tokenizer.encode(kept), strict=True))
        made.append((TransductionCodec(tokenizer, Aligner.learned(pairs)), kept))
    return made


SOURCES = SymbolsCodec(train_tokenizer(TEXTS, CHARACTERS, ("X",)))


def sources_of(values: list[str]) -> list[list[int]]:
    """What is read of a source that is the same text as its target."""
    return SOURCES.encode(values)


def encoded_by(codec: Any, values: list[str]) -> Any:
    """The values as a codec encodes them, beside sources that are the same texts."""
    return codec.encode_beside(sources_of(values), values)


LABELS = ("calm", "great joy", "grief")
EXAMPLES: dict[str, list[tuple[Any, list[str]]]] = {
    "text": text_codecs(),
    "label": [(LabelCodec(LABELS), list(LABELS))],
    "labels": [(LabelsCodec(LABELS, mark), ["calm", mark.join(LABELS), mark.join(LABELS[1:])]) for mark in (", ", "|")],
    "words": words_codecs(),
    "frame": [
        (
            FrameCodec(LabelCodec(LABELS), TagsCodec(("B-X", "I-X", "O"))),
            ["calm: O", "great joy: B-X I-X", "grief: I-X O"],
        )
    ],
    "symbols": symbols_codecs(),
    "transduction": transduction_codecs(),
    "tags": [(TagsCodec(("B-X", "I-X", "O"), strict), ["O", "B-X I-X O", "I-X"]) for strict in (False, True)],
}
"""Codecs of each kind, with values that they can represent."""
CASES = [
    pytest.param(*each, id=f"{kind}-{place}") for kind, made in EXAMPLES.items() for place, each in enumerate(made)
]


def test_every_codec_has_examples() -> None:
    assert EXAMPLES.keys() == SOURCE_CODECS.keys() | TARGET_CODECS.keys()
    for table in (SOURCE_CODECS, TARGET_CODECS):
        assert all(codec.kind == kind for kind, codec in table.items())


@pytest.mark.parametrize(("codec", "values"), CASES)
def test_decoding_gives_back_what_was_encoded(codec: Any, values: list[str]) -> None:
    encoded = encoded_by(codec, values)
    assert codec.decode(encoded) == values
    assert all(0 <= symbol < codec.size for each in encoded for symbol in each)
    assert encoded_by(codec, []) == []
    assert codec.decode([]) == []


@pytest.mark.parametrize(("codec", "values"), CASES)
def test_a_value_is_encoded_alone_as_among_others(codec: Any, values: list[str]) -> None:
    assert [encoded_by(codec, [each])[0] for each in values] == encoded_by(codec, values)


@pytest.mark.parametrize(("codec", "values"), CASES)
def test_the_file_of_a_codec_gives_it_back(codec: Any, values: list[str]) -> None:
    json.loads(codec.to_json())
    again = type(codec).from_json(codec.to_json()).turned(codec.reverse)
    assert encoded_by(again, values) == encoded_by(codec, values)
    assert (again.size, again.to_json(), again.answer) == (codec.size, codec.to_json(), codec.answer)
    assert encoded_by(pickle.loads(pickle.dumps(codec)), values) == encoded_by(codec, values)
    with pytest.raises(ModelFolderError):
        type(codec).from_json("{}")


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_a_pair_is_described_written_and_read(shared: bool, reverse: bool) -> None:
    settings = TextConfig(source=CHARACTERS, target=CHARACTERS, shared=shared)
    tokenizers = train_tokenizers([("ab", "ba"), ("b c", "c b")], settings)
    codecs = Codecs.of_text(*tokenizers, reverse_source=reverse, reverse_target=not reverse)
    assert codecs.reversed == {"reverse_source": reverse, "reverse_target": not reverse}
    described, texts = codecs.files, codecs.texts()
    assert tuple(texts) == described.names
    assert described.names == (("tokenizer.json",) if shared else ("tokenizer.source.json", "tokenizer.target.json"))
    assert CodecFiles.from_values(json.loads(json.dumps(described.to_values())), "here") == described
    assert CodecFiles.of_earlier(texts) == described
    again = Codecs.from_files(described, texts.__getitem__, where="", **codecs.reversed)
    assert again.identity == codecs.identity
    assert (again.source.content is again.target.content) == shared
    assert again.encode_pairs(["ab"], [()], ["ba"]) == codecs.encode_pairs(["ab"], [()], ["ba"])


def test_symbols_have_marks_and_a_transduction_needs_them() -> None:
    (ids,) = SOURCES.encode(["ab"], [("X",)])
    assert SOURCES.tokenizer.tokens(ids) == ("<X>", "<s>", "<s>", "a", "<s>", "b", "<s>")
    assert SOURCES.tokenizer.tokens(symbols_of(ids)) == ("<s>", "a", "b", "</s>")
    (codec, _), *_ = transduction_codecs()
    with pytest.raises(TypeError, match="beside its source"):
        codec.encode(["abc"])


def test_tags_stand_before_the_source_in_both_directions() -> None:
    tokenizer = train_tokenizer(["abc"], CHARACTERS, ("X",))
    (forwards,), (backwards,) = (TextCodec(tokenizer, turned).encode(["ab"], [("X",)]) for turned in (False, True))
    assert tokenizer.tokens(forwards) == ("<X>", "a", "b")
    assert tokenizer.tokens(backwards) == ("<X>", "b", "a")
    assert TextCodec(tokenizer, reverse=True).decode([backwards]) == ["ab"]


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_codec_that_is_not_known_is_refused_by_name(side: str) -> None:
    files = {"source": {"kind": "text", "file": "a"}, "target": {"kind": "text", "file": "b"}}
    files[side]["kind"] = "pictures"
    with pytest.raises(ModelFolderError, match=f"the {side} codec must be one of text.*, not 'pictures'") as caught:
        Codecs.from_files(CodecFiles.from_values(files, "manifest.json"), str, reverse_source=False, where="model")
    assert caught.value.where == "model"
    assert "newer version" in str(caught.value.hint)


@pytest.mark.parametrize("values", [{}, [], "text", {"source": {"kind": "text", "file": "a"}, "target": "text"}])
def test_a_description_that_is_none_is_refused(values: object) -> None:
    with pytest.raises(ModelFolderError, match=r"manifest\.json: codecs must name a kind and a file"):
        CodecFiles.from_values(values, "manifest.json")


def test_labels_are_compared_in_one_form_and_unknown_ones_are_named() -> None:
    codec = LabelsCodec(LABELS)
    assert codec.canonical(" grief ,calm,grief") == "calm, grief"
    (ids,) = codec.encode(["grief, rage, calm"])
    assert (codec.decode([ids]), codec.unwritable("grief, rage, calm", ids)) == (["calm, grief"], ("rage",))
    one = LabelCodec(LABELS)
    assert one.encode([" calm ", "rage"]) == [[4], [3]]
    assert one.canonical(" a, b ") == "a, b"


def test_new_labels_join_behind_old_ones() -> None:
    grown = LabelsCodec(("b", "a"), "|").joined_by(["c", "a"])
    assert (grown.labels, grown.separator) == (("b", "a", "c"), "|")
    assert grown.origins(LabelsCodec(("a", "x"))) == [-1, 0, -1]


@pytest.mark.parametrize("labels", ['["a"]', '["a", "a"]', '"ab"', '["a", 1]', "{}"])
def test_a_file_without_two_labels_is_refused(labels: str) -> None:
    with pytest.raises(ModelFolderError, match="labels"):
        LabelCodec.from_json(f'{{"format": 1, "labels": {labels}}}')
