"""Laws 4 and 2 on whole test sets, as `benchmarks/parity.py` measures them; and that it finds what is broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import parity
import pytest
from onnx import numpy_helper
from parity import GRAPHS, Other, Parity, broken, parities, runtime
from pieces import joined

import seqloom
from exporting import listed
from seqloom.checkpoint.format import GRAPH, GRAPH_INT8, FileRecord
from seqloom.data import ReadReport, pairs_as_examples
from seqloom.evaluation import read_evaluation
from seqloom.export.quantise import quantised
from seqloom.recipes import load_recipe
from seqloom.search import Hypothesis
from toy import copied, write_pairs

PAIRS = [*copied(60, seed=11), ("abcdabcdabcdabcd", "abcdabcdabcdabcd"), ("?", "?")]
LOSS = "law 4, {}: exact_match loses"


@pytest.fixture
def both(exported_folder: Path, tmp_path: Path) -> Path:
    """A folder with both graphs, to be changed at will."""
    folder = Path(shutil.copytree(exported_folder, tmp_path / "both"))
    rewrite(folder, onnx.load(folder / GRAPH))
    return folder


def rewrite(folder: Path, graph: onnx.ModelProto) -> None:
    """Puts a graph, and the same with weights of 8 bits, into a folder."""
    for name, each in ((GRAPH, graph), (GRAPH_INT8, quantised(graph))):
        onnx.save(each, folder / name)
        listed(folder, {name: FileRecord.of(folder / name)})


def worsen(folder: Path) -> None:
    """Changes some weights of both graphs, not the model's."""
    graph = onnx.load(folder / GRAPH)
    weight = next(each for each in graph.graph.initializer if each.name == "model.decoder.readout.weight")
    values = numpy_helper.to_array(weight)
    noise = np.random.default_rng(0).normal(0, 3 * values.std(), values.shape)
    weight.CopyFrom(numpy_helper.from_array((values + noise).astype(np.float32), weight.name))
    rewrite(folder, graph)


def measured(folder: Path, engine: Callable[[Any], Any] = lambda engine: engine) -> list[Parity]:
    loaded = {name: runtime(folder, name) for name in GRAPHS}
    graphs = {name: replace(model, engine=engine(model.engine)) for name, model in loaded.items()}
    examples = list(pairs_as_examples(PAIRS, ReadReport()))
    return parities(seqloom.load(folder, engine="torch"), graphs, examples, "exact_match")


@pytest.mark.usefixtures("unchecked_shapes")
def test_an_exported_model_keeps_the_laws(both: Path) -> None:
    found = measured(both)
    assert [(each.graph, each.beam) for each in found] == [("float32", 1), ("int8", 1), ("float32", 5), ("int8", 5)]
    assert all(each.alone == each.sentences == len(PAIRS) for each in found)
    assert not [reason for reason in broken(found) if not reason.startswith(LOSS.format("int8"))]
    model = seqloom.load(both, engine="torch")
    for each in found:
        evaluated = model.with_settings(beam=each.beam).evaluate(PAIRS, metrics=["exact_match"])["exact_match"]
        assert each.figures[0] == evaluated > 50
        assert each.lost == each.figures[0] - each.figures[1]


@pytest.mark.usefixtures("unchecked_shapes")
def test_a_graph_with_other_weights_is_found(both: Path) -> None:
    worsen(both)
    found = measured(both)
    said = broken(found)
    for name in ("float32, beam 1", "float32, beam 5"):
        assert any(reason.startswith(f"law 4, {name}:") and "other tokens" in reason for reason in said)
    for name in ("float32, beam 1", "int8, beam 1", "float32, beam 5", "int8, beam 5"):
        assert any(reason.startswith(LOSS.format(name)) for reason in said)
    assert not any(reason.startswith("law 2") for reason in said)
    for other in found[0].others:
        assert not other.tie
        assert other.step[0] > other.step[1]  # PyTorch prefers its own token
        own = seqloom.load(both, engine="torch").predict([other.source], beam=1)[0]
        assert own.text == other.torch
        assert own.score == pytest.approx(other.scores[0], abs=1e-4)


class Crowded:
    """An engine whose answers depend on how many sentences there are: their scores, or which answer is whose."""

    def __init__(self, engine: Any, *, swap: bool) -> None:
        self.engine, self.swap = engine, swap

    def search(self, source: Any, lengths: Any, config: Any) -> list[list[Hypothesis]]:
        found: list[list[Hypothesis]] = self.engine.search(source, lengths, config)
        if self.swap:
            return found[::-1]
        return [[replace(each, score=each.score + 0.001 * len(found)) for each in best] for best in found]


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize("swap", [True, False])
def test_a_neighbour_that_matters_is_found(swap: bool, both: Path) -> None:
    said = broken(measured(both, lambda engine: Crowded(engine, swap=swap)))
    reason = "sentences get another answer alone" if swap else "scores differ by 0.03 alone"
    for name in ("float32, beam 1", "int8, beam 1", "float32, beam 5", "int8, beam 5"):
        assert any(each.startswith(f"law 2, {name}:") and each.endswith(reason) for each in said)


def test_ties_are_what_float32_cannot_tell_apart() -> None:
    same, apart = (-0.5, -0.500001), (-0.5, -0.51)
    for beam, scores, step, tie in [(1, apart, same, True), (1, same, apart, False), (5, same, apart, True)]:
        other = Other(beam, "", "", "", scores, step)
        assert other.tie == tie
        found = Parity("float32", beam, 500, (other,), "bleu", (30.0, 30.0), 0.0, 500, 0.0)
        assert bool(broken([found])) != tie
        assert not broken([replace(found, sentences=1000, alone=1000)])  # one of a thousand
        assert not broken([replace(found, graph="int8")])
    assert Other(1, "", "", "", (0.0, 0.0), (-50.0, -50.0004)).tie


def test_a_loss_is_the_mean_over_models() -> None:
    lost = [Parity("int8", 5, 450, (), "bleu", (30.0, 30.0 - lost), lost, 450, 0.0) for lost in (0.5, 0.0)]
    assert broken(lost[:1])
    assert not broken(lost)


@pytest.mark.usefixtures("unchecked_shapes")
def test_the_program_prints_a_table_and_fails_where_a_law_is_broken(
    both: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    graphs = {False: GRAPH, True: GRAPH_INT8}
    monkeypatch.setattr(parity, "exported", lambda model, folder, *, int8: model / graphs[int8])
    data = [write_pairs(tmp_path / f"{number}.tsv", copied(12, seed=number)) for number in (1, 2)]
    command = [str(both), *map(str, data), "--metric", "cer", "--json", str(tmp_path / "found.json")]
    assert parity.main([*command, "--limit", "20", "--set", "search.beam=2"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("of 20 (100.00 %)") >= 2
    assert printed.endswith("The laws hold.\n")
    worsen(both)
    assert parity.main(command) == 1
    printed = capsys.readouterr().out
    assert "\nbroken: law 4, float32, beam 5: " in printed
    assert "\nfloat32, beam 1: difference: " in printed
    values = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert values["bytes"]["float32"] == (both / GRAPH).stat().st_size
    first = values["results"][0]
    assert (first["graph"], first["metric"], first["sentences"]) == ("float32", "cer", 24)
    assert first["same"] == 24 - len(first["others"]) < 24
    assert first["lost"] == pytest.approx(first["figures"][1] - first["figures"][0])


def test_pieces_become_words() -> None:
    assert joined("▁ein e ▁katze . ") == "eine katze."


QUICK = (
    "training.epochs=12",
    "training.schedule.warmup=100",
    "training.selection.limit=100",
    "training.precision=float32",
    "training.device=cpu",
    "model.embedding=96",
    "model.hidden=128",
    "model.dropout=0.2",
    "model.embedding_dropout=0.1",
)
LANGUAGES = {
    "ady": (),
    "bul": ("model.cell.kind=gru", "model.decoder.attend=after"),
    "dut": ("model.decoder.attend=between",),
}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("unchecked_shapes")
def test_three_languages_keep_the_laws(data_folder: Path, tmp_path: Path) -> None:
    recipe = load_recipe("sigmorphon2020-g2p")
    found = []
    for language, settings in LANGUAGES.items():
        (part,) = recipe.parts(data_folder / recipe.section.folder, only=[language], settings=[*QUICK, *settings])
        model = seqloom.train(part.config, output=tmp_path / language)
        paths = {
            name: parity.exported(tmp_path / language, tmp_path / f"{language}-{name}", int8=GRAPHS[name])
            for name in GRAPHS
        }
        graphs = {name: runtime(path.parent, name) for name, path in paths.items()}
        examples = read_evaluation([*part.tests.values(), *part.config.data.dev], part.config.data)
        found += parities(model, graphs, examples, "error_rate")
        assert len(examples) == 900
        assert paths["int8"].stat().st_size < 0.7 * paths["float32"].stat().st_size
        print(language, parity.table(found[-4:], {name: path.stat().st_size for name, path in paths.items()}), sep="\n")
    assert all(each.figures[0] < 60 for each in found), "too little was learnt to compare"
    assert broken(found) == []
