"""What is known is answered without the network; the network is asked for the rest of a list, and for all else."""

from __future__ import annotations

import math
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import seqloom
from seqloom.api import Model
from seqloom.checkpoint import verify
from seqloom.checkpoint.format import EXCEPTIONS, MEMORY
from seqloom.checkpoint.lexicons import put_lexicon, stored_lexicons
from seqloom.codecs import Codecs
from seqloom.data import DataConfig, Example, Origin, ReadReport, Source, Tagging
from seqloom.errors import DataError, ModelFolderError
from seqloom.inference.predictor import Predictor
from seqloom.lexicon import EMPTY, KnownAnswers, Lexicon, added, weighted_examples
from seqloom.prediction import Prediction
from seqloom.search import Hypothesis, SearchConfig
from seqloom.text import Tokenizer, TokenizerConfig, train_tokenizer

pytestmark = pytest.mark.usefixtures("unchecked_shapes")


class Counting:
    """An engine that answers A, B, C, ... whatever it is asked, and remembers how many sources it was asked for."""

    threads = 1

    def __init__(self, first: int) -> None:
        self.first, self.asked = first, 0

    def search(
        self,
        source: NDArray[np.int64],
        lengths: NDArray[np.int64],
        config: SearchConfig,
        *,
        prefix: Any = (),
        alignments: bool = False,
    ) -> list[list[Hypothesis]]:
        del lengths, alignments
        self.asked += len(source)
        found = [Hypothesis((*prefix, self.first + n), -0.5 - n, (-0.5,)) for n in range(config.n_best)]
        return [found for _ in source]

    def sample(self, *_: Any, **__: Any) -> list[list[Hypothesis]]:
        raise AssertionError("nothing is drawn here")

    def score(self, sources: Any, targets: Any) -> list[tuple[float, ...]]:
        raise AssertionError


@pytest.fixture(scope="module")
def tokenizers() -> tuple[Tokenizer, Tokenizer]:
    source = train_tokenizer(["abcd "], TokenizerConfig(kind="character"), ("X", "Y"))
    return source, train_tokenizer(["A B C D E F"], TokenizerConfig(kind="word"))


def lexicon(*pairs: Any) -> Lexicon:
    return added(EMPTY, weighted_examples(pairs, DataConfig(), ReadReport()))[0]


KNOWN = KnownAnswers(
    lexicon(("abc", "own"), ("dd", "F", 1), ("dd", "A", 3), ("a", "A B")), lexicon(("abc", "x"), ("bb", "learned"))
)


def predictor(
    tokenizers: tuple[Tokenizer, Tokenizer], known: KnownAnswers = KNOWN, tags: tuple[str, ...] = (), **search: Any
) -> Predictor:
    (first,) = tokenizers[1].encode(["A"])[0]
    chosen = SearchConfig(**{"beam": 5, **search})
    return Predictor(Counting(first), Codecs.of_text(*tokenizers), chosen, Tagging(tags), known=known)


def test_known_sources_do_not_reach_the_network(tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    working = predictor(tokenizers)
    found = list(working.predict(["abc", "ABC", "bb", "", "dcba", "dd"]))
    assert [(each.text, each.origin) for each in found] == [
        ("own", "exception"),
        ("own", "exception"),
        ("learned", "memory"),
        ("", "model"),
        ("A", "model"),
        ("A", "exception"),
    ]
    assert found[0] == Prediction("own", 0.0, origin="exception")
    assert found[5].score == pytest.approx(math.log(3 / 4))
    assert working.engine.asked == 1  # type: ignore[union-attr]
    assert found[0].to_json()["origin"] == "exception"


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_longer_list_is_filled_up_with_other_texts(tokenizers: tuple[Tokenizer, Tokenizer], count: int) -> None:
    (found,) = predictor(tokenizers, n_best=count).predict(["dd"])
    answers = [(each.text, each.origin) for each in (found, *found.alternatives)]
    wanted = [("A", "exception"), ("F", "exception"), ("B", "model"), ("C", "model")]
    assert answers == wanted[:count]
    assert all(not each.alternatives for each in found.alternatives)


def test_which_lexicons_count_is_a_setting(tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    for which, origins in (
        ("all", ["exception", "memory"]),
        ("exceptions", ["exception", "model"]),
        ("none", ["model", "model"]),
    ):
        found = predictor(tokenizers, known_answers=which).predict(["abc", "bb"])
        assert [each.origin for each in found] == origins


def test_what_does_not_begin_with_the_prefix_is_not_used(tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    found = predictor(tokenizers).predict(["abc", "a", "dd"], prefix="A")
    assert [(each.text, each.origin) for each in found] == [("A A", "model"), ("A B", "exception"), ("A", "exception")]
    (forced,) = predictor(tokenizers).predict(["dd"], prefix="F")
    assert forced.text == "F"
    assert forced.score == pytest.approx(math.log(1 / 4))


def test_details_of_what_is_looked_up(tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    (found,) = predictor(tokenizers).predict(["abc"], details=True)
    assert found.source_tokens == ("a", "b", "c", "</s>")
    assert (found.target_tokens, found.token_log_probs, found.alignment) == ((), (), None)


def test_unknown_symbols_and_length_do_not_matter_where_the_source_is_known(
    tokenizers: tuple[Tokenizer, Tokenizer],
) -> None:
    known = KnownAnswers(lexicon(("?" * 30, "questions")))
    found, other = predictor(tokenizers, known, max_source_length=4).predict(["?" * 30, "?" * 31])
    assert (found.cut, found.unknown) == (False, ())
    assert (other.cut, other.unknown) == (True, ("?",))


def test_tags_are_part_of_what_is_looked_up(tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    known = KnownAnswers(lexicon(Example("ab", "in X", Origin("f", 1), ("X",)), ("ab", "without")))
    sources = [Source("ab", ("X",)), Source("AB"), Source("ab", ("Y",))]
    found = predictor(tokenizers, known).predict(sources)
    assert [each.text for each in found] == ["in X", "without", "A"]
    found = predictor(tokenizers, known, ("X",)).predict(sources)
    assert [each.text for each in found] == ["in X", "in X", "A"], "tags that are given to all inputs count"
    fixed = DataConfig(fixed_tags=("X",))
    made, _ = added(EMPTY, weighted_examples([("ab", "x")], fixed, ReadReport()))
    assert [entry.tags for entry in made.entries()] == [("X",)]


def test_what_is_known_changes_no_neighbour(toy_model: Model) -> None:
    lines = ["abcd", "dcb", "ab", "cccc", "dab"]
    knowing = toy_model.with_exceptions([("dcb", "?"), ("cccc", "!")])
    with_them = list(knowing.stream(lines))
    alone = list(toy_model.stream(lines))
    assert [each.text for each in with_them] == ["abcd", "?", "ab", "!", "dab"]
    for known, plain in zip(with_them, alone, strict=True):
        if known.origin == "model":
            assert known.text == plain.text
            assert known.score == pytest.approx(plain.score, abs=1e-4)


def test_a_model_keeps_what_it_knows(toy_model: Model, tmp_path: Path) -> None:
    knowing = toy_model.with_exceptions([("abc", "one"), ("abc", "two", 3)]).with_memory([("dd", "often")] * 2)
    more = knowing.with_exceptions([("abc", "three"), ("ba", "four")])
    assert [each.text for each in more.predict(["abc", "ba", "dd", "d"])] == ["three", "four", "often", "d"]
    more.save(tmp_path / "m")
    assert {EXCEPTIONS, MEMORY} <= verify(tmp_path / "m").files.keys()
    again = seqloom.load(tmp_path / "m")
    assert again.known == more.known
    assert again.predict(["abc"]) == more.predict(["abc"])
    assert again.sizes()["exceptions"] == 2
    assert pickle.loads(pickle.dumps(again.known)) == more.known
    toy_model.save(tmp_path / "m", overwrite=True)
    assert not seqloom.load(tmp_path / "m").known
    assert not (tmp_path / "m" / EXCEPTIONS).exists()


def test_an_altered_lexicon_is_refused(toy_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(toy_folder, tmp_path / "m"))
    put_lexicon(folder, EXCEPTIONS, lexicon(("abc", "one")))
    (folder / EXCEPTIONS).write_text((folder / EXCEPTIONS).read_text().replace("one", "two"))
    for reading in (seqloom.load, stored_lexicons):
        with pytest.raises(ModelFolderError, match=f"{EXCEPTIONS}: the file is damaged"):
            reading(folder)


def test_a_lexicon_goes_in_and_out_of_a_folder_whole(toy_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(toy_folder, tmp_path / "m"))
    before = verify(folder).files
    for name in (EXCEPTIONS, MEMORY, EXCEPTIONS):
        put_lexicon(folder, name, lexicon(("abc", name)))
        assert verify(folder).files.keys() >= {*before, name}
    assert seqloom.load(folder).predict("abc")[0].text == EXCEPTIONS
    put_lexicon(folder, EXCEPTIONS, EMPTY)
    assert seqloom.load(folder).predict("abc")[0] == Prediction(MEMORY, 0.0, origin="memory")
    put_lexicon(folder, MEMORY, EMPTY)
    put_lexicon(folder, MEMORY, EMPTY)
    assert verify(folder).files == before
    assert not (folder / MEMORY).exists()


def test_an_evaluation_says_how_many_answers_were_looked_up(toy_model: Model) -> None:
    pairs = [("abc", "abc"), ("ab", "ab"), ("dd", "dd"), ("d", "d")]
    knowing = toy_model.with_exceptions([("abc", "?")]).with_memory([("dd", "?")] * 2)
    measured = knowing.evaluate(pairs, metrics="exact_match")
    assert measured["exact_match"] == 50
    assert measured.notes[0] == (
        "2 of 4 answers were looked up and not asked of the network: 1 as exception and 1 from memory "
        "(search.known_answers=none asks the network for all)"
    )
    values = measured.to_json(predictions=True)
    assert (values["remarks"]["exceptions"], values["remarks"]["memory"]) == (1, 1)
    assert [each["origin"] for each in values["predictions"]] == ["exception", "model", "memory", "model"]
    network = knowing.with_settings({"search.known_answers": "none"}).evaluate(pairs, metrics="exact_match")
    assert network["exact_match"] == 100
    assert network.loss == pytest.approx(measured.loss), "the loss is the network's"
    assert network.notes == []


def test_exceptions_from_python_are_checked(toy_model: Model) -> None:
    with pytest.raises(DataError, match="must be a list of pairs of texts, not dict"):
        toy_model.with_exceptions({"a": "b"})  # type: ignore[dict-item]
    with pytest.raises(DataError, match="at least one pair"):
        toy_model.with_exceptions([])


@pytest.mark.parametrize("int8", [False, True])
def test_an_exported_graph_knows_the_same(both_graphs: Path, int8: bool, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(both_graphs, tmp_path / "m"))
    put_lexicon(folder, EXCEPTIONS, lexicon(("abc", "one"), ("abc", "two", 2)))
    put_lexicon(folder, MEMORY, lexicon(("dd", "often")))
    graph, network = seqloom.load(folder, engine="onnx", int8=int8), seqloom.load(folder, engine="torch")
    for found, wanted in zip(*(m.predict(["ABC", "dd", "ba"], n_best=3) for m in (graph, network)), strict=True):
        answers = [[(each.text, each.origin) for each in (p, *p.alternatives)] for p in (found, wanted)]
        assert answers[0][:2] == answers[1][:2]
    more = graph.with_exceptions([("ba", "three")])
    assert [each.text for each in more.predict(["abc", "ba"])] == ["two", "three"]
