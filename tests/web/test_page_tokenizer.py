"""The page's tokenizer is the package's: same ids, texts and pieces, whatever the text."""

from __future__ import annotations

import json
import random
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

from seqloom.text import SPECIAL_TOKENS, TextConfig, Tokenizer, TokenizerConfig, train_tokenizer, train_tokenizers
from seqloom.text.unknown import behind_unknown, new_symbols

SCRIPT = Path(__file__).with_name("tokenize.mjs")
ALPHABETS = (
    "abcdeABCDE ",
    "etaoin shrdlu .,!?'\"-()0123456789",
    "äöüßÄÖÜẞ éèêçñ ",
    "ΑΣΟΔΥΣΣΕΥΣ σςαβγ ΐΰ ",
    "İIıi ǅǆ ﬁﬂ Ⅳⅳ ½²³ ﷺ ",
    "中文字符日本語 ㍿ ｶﾞ が",
    "가각갂 힣ㅏ",
    "क्षि नमस्ते ",
    "שלום مرحبا \u0651\u064b",
    "👩‍👩‍👧‍👦🇩🇪👍🏽 𝔘𝔫𝔦 𐐀𐐨",
    "e\u0301\u0323o\u0302 \u0345\u0308 ",
    " \t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\u200b\ufeff\u180e ",
    "▁ ▁▁ _Ġ\x00\x01\x7f\xad￿\U0010ffff",
    "<pad> <s> </s> <unk> <X>",
)
KINDS = ("character", "byte", "word", "bpe", "unigram")
SUBWORDS = ("bpe", "unigram")
BYTES = (("bpe", 290), ("bpe", 2000), ("unigram", 290), ("unigram", 2000))


def texts(count: int, seed: int, *, known: bool) -> list[str]:
    """Made-up words of a few alphabets, or of all mixed, with every kind of space between."""
    chance = random.Random(seed)
    lines = ["", " ", "  a ", "\ta\n", "▁", "a▁b", "ΟΔΥΣΣΕΥΣ ΣΑΣ", "ab<unk> <X>", "x" * 90, "\ufeffword\ufeff"]
    for number in range(count):
        letters = ALPHABETS[number % (5 if known else len(ALPHABETS))]
        pool = letters if number % 3 else letters + "".join(ALPHABETS)
        lines.append("".join(chance.choices(pool, k=chance.randint(1, 40))))
    return lines[10:] if known else lines


def tokenizers() -> list[Tokenizer]:
    trained = texts(600, 1, known=True)
    configs = [TokenizerConfig(kind=kind) for kind in KINDS]
    configs += [TokenizerConfig(kind=kind, unicode="none") for kind in KINDS]
    configs += [TokenizerConfig(kind=kind, unicode="NFKC", lowercase=True) for kind in KINDS]
    configs += [TokenizerConfig(kind=kind, unicode="NFD", min_count=3) for kind in ("character", "word")]
    configs += [TokenizerConfig(kind=kind, unicode="NFKD", vocabulary_size=200) for kind in SUBWORDS]
    configs += [TokenizerConfig(kind=kind, byte_fallback=True, vocabulary_size=size) for kind, size in BYTES]
    plain = [train_tokenizer(trained, config, ("X", "Y") if n % 2 else ()) for n, config in enumerate(configs)]
    return [*plain, *fitted(trained)]


def fitted(trained: list[str]) -> list[Tokenizer]:
    """Tokenizers that know how targets are written and what no source has; shared where they read, too."""
    pairs = [(text.lower(), unicodedata.normalize("NFD", text)) for text in trained]
    pairs += [("क", "ड़\u3000ढ़")] * 300
    shared = [
        TextConfig(source=config, target=config, shared=True)
        for config in (TokenizerConfig(kind=kind) for kind in KINDS)
    ]
    sides = [TokenizerConfig(kind=kind, vocabulary_size=size, byte_fallback=True) for kind, size in BYTES]
    apart = [TextConfig(source=side, target=side) for side in sides]
    return [train_tokenizers(pairs, config, ("s", "unk", "X"))[0] for config in (*shared, *apart)]


def test_the_page_reads_and_writes_as_the_package_does(node: str) -> None:
    given, tags, cases = texts(400, 2, known=False), ["Y", "nowhere", "s"], tokenizers()
    given += ["日本語é 😀 x😀", "\N{DEVANAGARI LETTER DDDHA} ड़ é e\u0301"]
    values = [{"tokenizer": case.to_json(), "texts": given, "tags": tags} for case in cases]
    found = asked(node, values)
    for case, answer in zip(cases, found, strict=True):
        ids = case.encode(given)
        wrong = [(text, a, b) for text, a, b in zip(given, ids, answer["encoded"], strict=True) if a != b]
        assert not wrong, f"{case.kind}: {wrong[0]}"
        assert answer["size"] == case.size
        assert answer["decoded"] == case.decode(ids), case.kind
        assert answer["tokens"] == [[*case.tokens(each), "</s>", SPECIAL_TOKENS[3]] for each in ids], case.kind
        assert answer["tags"] == case.tag_ids(tags)
        assert answer["behind"] == [behind_unknown(case, *each) for each in zip(given, ids, strict=True)], case.kind
        assert answer["unknown"] == [new_symbols(case, *each) for each in zip(given, ids, strict=True)], case.kind
        begun = [new_symbols(case, text, each[:5]) for text, each in zip(given, ids, strict=True)]
        assert answer["beginnings"] == begun, case.kind


def test_what_is_not_text_is_refused(node: str) -> None:
    case = train_tokenizer(["ab"], TokenizerConfig(kind="character"))
    broken = json.loads(case.to_json())
    broken["seqloom"]["format"] = 2
    for values, words in (
        ({"tokenizer": case.to_json(), "texts": ["\ud800"], "tags": []}, "must be valid Unicode"),
        ({"tokenizer": json.dumps(broken), "texts": [], "tags": []}, "tokenizer format must be 1, not 2"),
    ):
        done = subprocess.run([node, SCRIPT], input=json.dumps([values]), capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert words in done.stderr


def asked(node: str, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    done = subprocess.run([node, SCRIPT], input=json.dumps(values), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers
