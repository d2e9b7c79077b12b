"""Encode the inputs of a model: the ids of the tags, then those of the source text, which may be reversed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seqloom.text.special import UNK
from seqloom.text.tokenizer import Tokenizer, tag_name
from seqloom.text.unknown import behind_unknown, new_symbols


@dataclass(frozen=True)
class ReadSource:
    """The ids that a model reads for an input.

    `cut` says that the end of the input was left out. `behind` is the text that each unknown token stands for, in the
    order of the ids. `unknown` are the symbols and tags that never occurred in training, each once. `words` are all
    words of the input, where the model reads words.
    """

    ids: list[int]
    cut: bool = False
    behind: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def tokens(self, tokenizer: Tokenizer) -> tuple[str, ...]:
        """The pieces that the ids stand for; an unknown token shows its text, as in `<unk:é>`."""
        hidden = iter(self.behind)
        pieces = zip(self.ids, tokenizer.tokens(self.ids), strict=True)
        return tuple(f"<unk:{next(hidden, '')}>" if token == UNK else piece for token, piece in pieces)


def encode_sources(
    tokenizer: Tokenizer,
    texts: Sequence[str],
    tags: Sequence[Sequence[str]] = (),
    *,
    reverse: bool = False,
    sample: bool = False,
    seed: int | None = None,
) -> list[list[int]]:
    """The ids of source texts, with the ids of their tags before them.

    `reverse` reverses the ids of the text (Sutskever et al. 2014, §3.3); `sample` draws a random segmentation from
    `seed`.
    """
    encoded = tokenizer.encode(texts, sample=sample, seed=seed)
    if reverse:
        encoded = [ids[::-1] for ids in encoded]
    if any(tags):
        encoded = [tokenizer.tag_ids(own) + ids for own, ids in zip(tags, encoded, strict=True)]
    return encoded


def cut_sources(
    tokenizer: Tokenizer, texts: Sequence[str], tags: Sequence[Sequence[str]], limit: int, *, reverse: bool = False
) -> list[ReadSource]:
    """Encode sources for prediction: at most `limit` ids including tags; of longer sources the end is left out.

    A text is shortened before it is reversed. Only the beginning of a long text is encoded.
    """
    beginnings = [tokenizer.beginning(text, limit + 1) for text in texts]
    encoded = tokenizer.encode(beginnings)
    return [
        _read(tokenizer, text, own, ids, limit, reverse)
        for text, own, ids in zip(beginnings, tags, encoded, strict=True)
    ]


def _read(
    tokenizer: Tokenizer, text: str, tags: Sequence[str], ids: list[int], limit: int, reverse: bool
) -> ReadSource:
    if not text.strip():  # white space alone counts as an empty input, even with tags
        return ReadSource([])
    before = tokenizer.tag_ids(tags)[:limit] if tags else []
    kept = ids[: limit - len(before)]
    cut = len(tags) + len(ids) > limit
    turned = kept[::-1] if reverse else kept
    if UNK not in kept and UNK not in before and not tokenizer.unseen:
        return ReadSource(before + turned, cut)
    unknown_tags = [tag for tag, token in zip(tags, before, strict=False) if token == UNK]
    behind = behind_unknown(tokenizer, text, kept)
    unknown = dict.fromkeys([*map(tag_name, unknown_tags), *new_symbols(tokenizer, text, kept)])
    return ReadSource(before + turned, cut, (*unknown_tags, *(reversed(behind) if reverse else behind)), tuple(unknown))
