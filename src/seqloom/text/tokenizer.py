"""The tokenizer: an immutable wrapper of a Hugging Face tokenizer that also normalises text.

In the vocabulary, the names of reserved tokens (the four special tokens and the tags) begin with a space. No token of
text can have such a name, since words and subwords contain no space and characters are one symbol long. Therefore no
text can be mistaken for a reserved token.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from tokenizers import Tokenizer as Engine

from seqloom.errors import DataError, ModelFolderError
from seqloom.text.alphabet import BYTES
from seqloom.text.sampling import MergeSampler
from seqloom.text.special import SPECIAL_TOKENS, UNK
from seqloom.text.splitting import PART, parts, place_to_part
from seqloom.text.target_form import AS_DECODED, WrittenForm
from seqloom.text.words import KINDS, WordMemory

FORMAT = 1
CHARACTERS = 8
"""Characters that are read for each wanted id, to begin with, where only the first ids of a text are wanted."""
SUBWORDS = ("bpe", "unigram")


@dataclass(frozen=True)
class Tokenizer:
    """Encodes text to ids and decodes ids to text.

    `dropout` is the share of merges that are skipped in sampled segmentations (BPE). `form` is the form in which
    decoded text is written. `unseen` are the symbols that have an id but occur in no training source; bytes among them
    are written like `<0x41>`.
    """

    engine: Engine = field(repr=False, compare=False)
    kind: str
    tags: tuple[str, ...] = ()
    dropout: float = 0.0
    form: WrittenForm = AS_DECODED
    unseen: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Number of ids, including reserved ones."""
        return int(self.engine.get_vocab_size(with_added_tokens=False))

    @property
    def reserved(self) -> int:
        """Number of reserved ids: the ids below it are special tokens and tags."""
        return len(SPECIAL_TOKENS) + len(self.tags)

    @property
    def samples(self) -> bool:
        """Whether `encode(..., sample=True)` differs from one call to the next."""
        return self.dropout > 0

    @cached_property
    def vocabulary(self) -> list[str]:
        """All symbols in the order of their ids, including reserved ones."""
        ids = self.engine.get_vocab(with_added_tokens=False)
        return sorted(ids, key=ids.__getitem__)

    @cached_property
    def spells_bytes(self) -> bool:
        """Whether characters without an id of their own are spelled in bytes."""
        return self.kind == "byte" or (self.kind in SUBWORDS and self.engine.token_to_id(BYTES[0]) is not None)

    def has(self, name: str) -> bool:
        """Whether a symbol, or a byte such as `<0x41>`, has an id."""
        return self.engine.token_to_id(name) is not None or (self.spells_bytes and name in BYTES)

    @cached_property
    def unseen_names(self) -> frozenset[str]:
        """The symbols in `unseen`, as a set."""
        return frozenset(self.unseen)

    def normalize(self, text: str) -> str:
        """Normalise a text as it is before it is encoded."""
        try:
            normalizer = self.engine.normalizer
            return text if normalizer is None else str(normalizer.normalize_str(text))
        except (UnicodeError, TypeError):
            raise _not_text(text) from None

    def encode(self, texts: Sequence[str], *, sample: bool = False, seed: int | None = None) -> list[list[int]]:
        """The ids of each text, without begin and end marks; with `sample`, randomly segmented by `seed` (BPE
        dropout)."""
        if sample and self.samples:
            return self._sampler.encode([self.normalize(text) for text in texts], seed)
        try:
            if self.kind in KINDS:
                return self._words.encode(texts)
            if all(len(text) <= PART for text in texts):
                return self._cut(list(texts))
            return [list(chain.from_iterable(self._cut([part])[0] for part in parts(text))) for text in texts]
        except (UnicodeError, TypeError, AttributeError):
            raise _not_text(next((text for text in texts if not _encodable(text)), "")) from None

    def beginning(self, text: str, count: int) -> str:
        """A beginning of the text that has the same first `count` ids; found without encoding the rest of a long
        text."""
        length = CHARACTERS * count
        while length < len(text):
            end = place_to_part(text, length)
            try:
                found = self.engine.encode(text[:end], add_special_tokens=False)
            except (UnicodeError, TypeError):
                raise _not_text(text) from None
            pieces = found.word_ids  # only the last piece may continue in the rest of the text
            if pieces and pieces.index(pieces[-1]) >= count:
                return text[:end]
            length *= 4
        return text

    def decode(self, sequences: Sequence[Sequence[int]]) -> list[str]:
        """Decode sequences of ids to texts; special tokens and tags are left out."""
        reserved = self.reserved
        kept = [[token for token in sequence if token >= reserved] for sequence in sequences]
        texts = list(self.engine.decode_batch(kept, skip_special_tokens=False))
        return [self.form.write(text) for text in texts] if self.form.alters else texts

    def tokens(self, ids: Sequence[int]) -> tuple[str, ...]:
        """The pieces that ids stand for, as they are shown beside an alignment."""
        return tuple(self._piece(int(token)) for token in ids)

    def tag_ids(self, tags: Sequence[str]) -> list[int]:
        """The ids of source-side tags; a tag that did not occur in training gets the unknown id."""
        known = {tag: number for number, tag in enumerate(self.tags, start=len(SPECIAL_TOKENS))}
        return [known.get(tag, UNK) for tag in tags]

    def to_json(self) -> str:
        """Everything needed to rebuild the tokenizer; the value of `tokenizer` has the Hugging Face format."""
        head = {"format": FORMAT, "kind": self.kind, "tags": list(self.tags), "dropout": self.dropout}
        head |= {"form": self.form.to_values()} if self.form.alters else {}
        head |= {"unseen": list(self.unseen)} if self.unseen else {}
        return json.dumps({"seqloom": head, "tokenizer": json.loads(self.engine.to_str())}, ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Tokenizer:
        """Read a tokenizer that `to_json` wrote; raises `ModelFolderError` if it is malformed."""
        try:
            values = json.loads(text)
            head = values["seqloom"]
            version = head["format"]
            engine = Engine.from_str(json.dumps(values["tokenizer"])) if version == FORMAT else None
            form = WrittenForm.from_values(head["form"]) if "form" in head else AS_DECODED
            fields = str(head["kind"]), tuple(head["tags"]), float(head["dropout"]), form, tuple(head.get("unseen", ()))
        except Exception as error:  # the library raises bare Exception on a malformed file
            raise ModelFolderError(f"must be a tokenizer written by seqloom: {error}") from None
        if engine is None:
            raise ModelFolderError(f"tokenizer format must be {FORMAT}, not {version!r}")
        return Tokenizer(engine, *fields)

    def _cut(self, texts: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self.engine.encode_batch_fast(texts, add_special_tokens=False)]

    @cached_property
    def _words(self) -> WordMemory:
        return WordMemory(self._cut, self.size)

    @cached_property
    def _sampler(self) -> MergeSampler:
        return MergeSampler(self.engine, self.dropout)

    def _piece(self, token: int) -> str:
        piece = self.engine.id_to_token(token)
        if piece is None:
            return SPECIAL_TOKENS[UNK]
        if token < self.reserved:
            return [*SPECIAL_TOKENS, *map(tag_name, self.tags)][token]
        if self.kind == "byte":
            return str(self.engine.decode([token]))
        return str(piece)


def tag_name(tag: str) -> str:
    """The name of a tag, as it is shown beside an alignment."""
    return f"<{tag}>"


def reserved_names(tags: Sequence[str]) -> list[str]:
    """The names of the special tokens and tags in a vocabulary, in the order of their ids.

    They begin with a space; a tag that is named like a special token has a second space before its name.
    """
    names = map(tag_name, tags)
    return [f" {name}" for name in SPECIAL_TOKENS] + [
        f"  {name}" if name in SPECIAL_TOKENS else f" {name}" for name in names
    ]


def _encodable(text: object) -> bool:
    try:
        return isinstance(text, str) and text.encode("utf-8") is not None
    except UnicodeError:
        return False


def _not_text(text: object) -> DataError:
    shown = repr(text)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    if not isinstance(text, str):
        return DataError(f"text must be a string, not {type(text).__name__} {shown}")
    return DataError(f"text must be valid Unicode, not {shown}", hint="lone surrogates cannot be encoded")
