"""In JavaScript, too, what is known is answered before the network is asked; sources are found as in the package."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from seqloom.checkpoint.format import EXCEPTIONS, GRAPH, MEMORY
from seqloom.checkpoint.lexicons import put_lexicon, stored_lexicons
from seqloom.data import DataConfig, Example, Origin, ReadReport, Source
from seqloom.lexicon import EMPTY, Lexicon, added, weighted_examples

SCRIPT = Path(__file__).with_name("known.mjs")
ALPHABETS = ("aAbB", "ßẞsS", "σςΣ", "iIİı", "éÉe\u0301", "\u1e9e\ufb01", "क ़ा", "𐐀𐐨", 'x"\\/')
SPACES = (" ", "  ", "\t", "\u00a0", "\u3000", "\x1f")


def lexicon(pairs: Any, *, match_case: bool = False) -> Lexicon:
    return added(EMPTY, weighted_examples(pairs, DataConfig(), ReadReport()), match_case=match_case)[0]


def written(chance: random.Random) -> str:
    letters = chance.choice(ALPHABETS)
    return chance.choice(SPACES).join("".join(chance.choices(letters, k=chance.randint(1, 3))) for _ in range(2))


@pytest.fixture
def folder(toy_folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(toy_folder, tmp_path / "model")
    info = helper.make_tensor_value_info("x", TensorProto.FLOAT, [])
    made = helper.make_model(helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "same", [info], []))
    onnx.save(made, tmp_path / "model" / GRAPH)
    return tmp_path / "model"


def predicted(node: str, folder: Path, asked: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    command: list[str | Path] = [node, SCRIPT, folder]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    values: dict[str, Any] = json.loads(done.stdout)
    return values


@pytest.mark.parametrize("match_case", [False, True])
def test_sources_are_found_as_in_the_package(match_case: bool, node: str, folder: Path) -> None:
    chance = random.Random(1)
    texts = [text for text in (written(chance) for _ in range(600)) if text.strip()]
    half = [Example(text, f"of {text}", Origin("f", 1), chance.choice(((), (), ("X",)))) for text in texts[::3]]
    put_lexicon(folder, EXCEPTIONS, lexicon(half[::2], match_case=match_case))
    put_lexicon(folder, MEMORY, lexicon(half[1::2]))
    known = stored_lexicons(folder)
    tags = [chance.choice(((), ("X",), ("X", "Y"))) for _ in texts]
    found = predicted(node, folder, [(text, {"tags": own}) for text, own in zip(texts, tags, strict=True)])["found"]
    origins = set()
    for text, own, prediction in zip(texts, tags, found, strict=True):
        wanted = known.find(Source(text, own))
        best = ("A", "model") if wanted is None else (wanted.answers[0][0], wanted.origin)
        assert (prediction["text"], prediction["origin"]) == best, repr(text)
        origins.add(prediction["origin"])
    assert origins == {"model", "exception", "memory"}


def test_lists_prefixes_and_settings(node: str, folder: Path) -> None:
    put_lexicon(folder, EXCEPTIONS, lexicon([("ab", "A", 3), ("ab", "d"), ("cd", "G")]))
    put_lexicon(folder, MEMORY, lexicon([("ab", "c"), ("dd", "N")]))
    network = {"known_answers": "none"}
    cases: list[tuple[str, dict[str, Any]]] = [("ab", {"n_best": count}) for count in (1, 2, 3, 4)]
    cases += [("AB", {"prefix": "c"}), ("ab", {"prefix": "d"}), ("ab", {"prefix": "b"})]
    cases += [("dd", {}), ("dd", {"known_answers": "exceptions"}), ("ab", network), ("", {})]
    values = predicted(node, folder, cases)
    answers = [[(a["text"], a["origin"]) for a in (each, *each["alternatives"])] for each in values["found"]]
    four = [("A", "exception"), ("d", "exception"), ("B", "model"), ("C", "model")]
    assert answers == [
        *(four[:count] for count in (1, 2, 3, 4)),
        [("c", "memory")],
        [("d", "exception")],
        [("bA", "model")],
        [("N", "memory")],
        [("A", "model")],
        [("A", "model")],
        [("", "model")],
    ]
    assert values["asked"] == 5
    first = values["found"][0]
    assert first["score"] == pytest.approx(-0.2877, abs=1e-4)
    assert (first["sourceTokens"], first["targetTokens"], first["alignment"]) == (["a", "b", "</s>"], [], None)


def test_an_altered_lexicon_is_refused(node: str, folder: Path) -> None:
    put_lexicon(folder, EXCEPTIONS, lexicon([("ab", "one")]))
    (folder / EXCEPTIONS).write_text((folder / EXCEPTIONS).read_text().replace("one", "two"))
    command: list[str | Path] = [node, SCRIPT, folder]
    done = subprocess.run(command, input="[]", capture_output=True, text=True, check=False)
    assert "exceptions.jsonl must have the hash that manifest.json lists" in done.stderr
