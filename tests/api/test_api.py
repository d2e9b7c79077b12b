"""Seqloom from Python: what goes in, what comes out, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import seqloom
from seqloom.api import Model
from seqloom.config import build, laid_over
from seqloom.data import Example, Origin, Source
from seqloom.errors import ConfigError, DataError
from seqloom.presets import PRESETS
from seqloom.training import RunConfig
from seqloom.training.reports import NoticeReport, Report, StepReport
from seqloom.training.runs import run_config
from toy import SETTINGS, copied, write_pairs

QUICK = {**SETTINGS, "training.epochs": 1, "training.selection.limit": 0}
SMALL = {name: value for name, value in QUICK.items() if name != "training.epochs"}

PUBLIC = {
    "ConfigError",
    "DataError",
    "DependencyError",
    "DiskError",
    "EngineError",
    "Model",
    "ModelFolderError",
    "Prediction",
    "SeqloomError",
    "TrainingError",
    "__version__",
    "average",
    "load",
    "train",
}


class Listener:
    def __init__(self) -> None:
        self.seen: list[Report] = []

    def show(self, report: Report) -> None:
        self.seen.append(report)

    def close(self) -> None:
        self.seen.append(self.seen[-1])


def test_every_name_of_the_package_is_there() -> None:
    assert set(seqloom.__all__) >= PUBLIC  # a name that users import stays
    assert seqloom.__all__ == sorted(seqloom.__all__)
    assert dir(seqloom) == seqloom.__all__
    for name in seqloom.__all__:
        assert getattr(seqloom, name) is not None
    assert seqloom.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="nonsense"):
        _ = seqloom.nonsense


def test_a_model_answers_lines_in_order(toy_model: Model) -> None:
    lines = ["abc", "", "d", "abcd" * 30, "ba"]
    answers = toy_model.predict(lines)
    assert [answer.text for answer in answers[:3]] == ["abc", "", "d"]
    assert answers[-1].text == "ba"
    assert [answer.text for answer in toy_model.stream(iter(lines), window=1)] == [answer.text for answer in answers]
    assert toy_model.predict("ba")[0].text == "ba"


def test_n_best_widens_the_beam_and_alignments_come_on_request(toy_model: Model) -> None:
    (answer,) = toy_model.predict(["abcd"], n_best=7, alignments=True)
    assert len(answer.alternatives) == 6
    assert answer.alignment is not None
    assert answer.alignment.sum(1) == pytest.approx(1.0, abs=1e-4)
    assert len(answer.token_log_probs) == len(answer.target_tokens)
    (greedy,) = toy_model.predict(["abcd"], beam=1)
    assert greedy.alignment is None
    assert not greedy.alternatives
    assert toy_model.predict(["a"], prefix="d")[0].text.startswith("d")


def test_scores_are_those_of_the_predictions(toy_model: Model) -> None:
    (answer,) = toy_model.predict(["abc"], alignments=True)
    (scored,) = toy_model.score([("abc", answer.text)])
    assert scored.token_log_probs == pytest.approx(answer.token_log_probs, abs=1e-4)
    (worse,) = toy_model.score([("abc", "ddd")])
    assert worse.log_prob < scored.log_prob


def test_saved_and_loaded_it_is_the_same_model(toy_model: Model, tmp_path: Path) -> None:
    toy_model.save(tmp_path / "copy")
    again = seqloom.load(tmp_path / "copy")
    assert again.config == toy_model.config
    assert again.sizes() == toy_model.sizes()
    assert [each.score for each in again.predict(["abc"])] == [each.score for each in toy_model.predict(["abc"])]


def test_what_is_saved_already_is_not_lost_unless_told(toy_model: Model, tmp_path: Path) -> None:
    toy_model.save(tmp_path / "copy")
    with pytest.raises(seqloom.ConfigError, match=r"must be a new folder\nhint: .*overwrite=True"):
        toy_model.save(tmp_path / "copy")
    wider = toy_model.with_settings({"search.beam": 7})
    wider.save(tmp_path / "copy", overwrite=True)
    assert seqloom.load(tmp_path / "copy").config.search.beam == 7
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").touch()
    with pytest.raises(seqloom.ConfigError, match="must be a new folder"):
        toy_model.save(tmp_path / "notes")
    (tmp_path / "empty").mkdir()
    toy_model.save(tmp_path / "empty")


def test_settings_of_search_change_and_those_of_training_do_not(toy_model: Model) -> None:
    assert toy_model.with_settings(["search.beam=3"]).config.search.beam == 3
    assert toy_model.with_settings({"search": {"beam": 3}}).config.search.beam == 3
    with pytest.raises(seqloom.ConfigError, match="model is fixed"):
        toy_model.with_settings(["model.hidden=40"])
    with pytest.raises(seqloom.ConfigError, match=r"did you mean search\.beam"):
        toy_model.with_settings(["search.beem=3"])


@pytest.mark.parametrize(
    "settings",
    [
        ["search.beam=0"],
        ["search.beam=two"],
        ["search.beam=2.5", "search.alpha=-1"],
        ["search.beem=3"],
        ["search.beam.width=3"],
        ["search.n_best=9"],
        ["search.length_penalty=gnmd"],
        ["search.max_length_ratio=long"],
        ["search=3"],
        {"search": {"max_source_length": 0}},
        {"search": {"beam": {"width": 1}}},
        {"search": None},
    ],
)
def test_settings_of_search_are_refused_as_in_a_whole_configuration(toy_model: Model, settings: Any) -> None:
    with pytest.raises(ConfigError) as whole:
        build(RunConfig, laid_over(toy_model.config.model_dump(), settings))
    with pytest.raises(ConfigError) as alone:
        toy_model.with_settings(settings)
    assert str(alone.value) == str(whole.value)
    assert "search" in str(alone.value)


def test_settings_of_search_leave_all_others_as_they_are(toy_model: Model) -> None:
    for settings in ({"search.alpha": 0.5}, ["search.alpha=0.5"], iter(["search.alpha=0.5"])):
        changed = toy_model.with_settings(settings, n_best=7)
        wanted = {**toy_model.config.search.model_dump(), "alpha": 0.5, "n_best": 7, "beam": 7}
        assert changed.config == build(RunConfig, {**toy_model.config.model_dump(), "search": wanted})
    several = toy_model.with_settings({"search": toy_model.config.search.replace(n_best=4)})
    assert several.with_settings(beam=2).config.search.n_best == 2
    assert toy_model.with_settings() is toy_model


def test_a_source_may_be_read_in_the_other_direction(toy_model: Model) -> None:
    turned = toy_model.with_settings({"data.reverse_source": True})
    assert turned.codecs.source.encode(["abc"]) == [toy_model.source_tokenizer.encode(["abc"])[0][::-1]]
    assert turned.codecs.target == toy_model.codecs.target


def test_a_model_answers_without_dropout_also_while_it_is_trained_further(toy_model: Model) -> None:
    dropping = toy_model.with_settings()
    before = dropping.predict(["abcd"])
    dropping.network.train()
    assert dropping.predict(["abcd"]) == before
    assert not dropping.network.training


def test_a_shortlist_comes_after_training() -> None:
    with pytest.raises(seqloom.ConfigError, match="a list that is learned from a trained model\nhint: train without"):
        seqloom.train(copied(20), settings={"search.shortlist": True})


def test_training_from_a_file_without_an_output_folder(tmp_path: Path) -> None:
    listener = Listener()
    path = write_pairs(tmp_path / "pairs.tsv", copied(80))
    model = seqloom.train(str(path), settings=QUICK, callbacks=[listener.show])
    assert any(isinstance(report, StepReport) for report in listener.seen)
    assert model.config.data.train == (str(path),)
    assert len(model.predict(["ab"])) == 1


def test_training_as_a_configuration_says(tmp_path: Path) -> None:
    config = run_config(settings={**QUICK, "data.train": [str(write_pairs(tmp_path / "p.tsv", copied(60)))]})
    model = seqloom.train(config, output=tmp_path / "model", settings={"model.hidden": 10})
    assert model.config.model.hidden == 10
    with pytest.raises(seqloom.ConfigError, match="holds a model already"):
        seqloom.train(config, output=tmp_path / "model")


def test_nested_dotted_and_written_settings_are_one_thing() -> None:
    wanted = run_config(settings={"model": {"hidden": 20, "cell": {"kind": "gru"}}, "search": {"beam": 2}})
    assert run_config(settings={"model.hidden": 20, "model.cell.kind": "gru", "search.beam": 2}) == wanted
    assert run_config(settings=["model.hidden=20", "model.cell=gru", "search.beam=2"]) == wanted


def test_a_preset_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(seqloom.ConfigError, match="did you mean small"):
        run_config("smal")


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_whole_configurations(name: str) -> None:
    assert build(RunConfig, PRESETS[name]) == run_config(name)


def test_evaluation_takes_files_pairs_and_examples(toy_model: Model, toy_pairs: Path) -> None:
    pairs: list[Any] = copied(40, seed=3)
    by_file = toy_model.evaluate(toy_pairs, metrics=["exact_match"])
    by_pairs = toy_model.evaluate(pairs, metrics=["exact_match"])
    assert by_file["exact_match"] == by_pairs["exact_match"] > 50
    assert by_file.loss == pytest.approx(by_pairs.loss)
    both = [Example("ab", "zz", Origin("here", 1), references=("ab",))]
    assert toy_model.evaluate(both, metrics=["exact_match"])["exact_match"] == 100


@pytest.mark.parametrize("pairs", [["hello", "world"] * 5, [("ab", 3)] * 5, [{"ab"}] * 5])
def test_values_that_are_no_pairs_are_refused_everywhere(toy_model: Model, pairs: Any) -> None:
    good = copied(5)
    calls: list[Callable[[], object]] = [
        lambda: seqloom.train(pairs, settings=SETTINGS),
        lambda: seqloom.train(good, pairs, settings=SETTINGS),
        lambda: toy_model.evaluate(pairs),
        lambda: list(toy_model.score(pairs)),
        lambda: toy_model.with_shortlist(pairs),
    ]
    for call in calls:
        with pytest.raises(DataError, match=r"pairs:1: (must be a pair of texts|the target must be text)"):
            call()
    assert toy_model.predict("ab")[0].text == toy_model.predict(Source("ab"))[0].text == "ab"
    with pytest.raises(DataError, match="inputs:2: must be a text, not tuple of 2"):
        toy_model.predict(["ab", ("ab", "tag")])  # type: ignore[list-item]
    with pytest.raises(DataError, match="inputs:1: must be a text, not int 3"):
        next(toy_model.stream([3]))  # type: ignore[list-item]
    with pytest.raises(DataError, match="inputs: must be a list of texts, not ndarray"):
        toy_model.predict(np.array("ab"))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"prefix": None}, DataError, "text must be a string, not NoneType None"),
        ({"prefix": ["a"]}, DataError, r"text must be a string, not list \['a'\]"),
        ({"beam": "many"}, ConfigError, "search.beam: must be a valid integer"),
        ({"beam": 2.5}, ConfigError, "search.beam: must be a valid integer"),
        ({"n_best": "many"}, ConfigError, "search.n_best: must be a valid integer"),
        ({"n_best": [2]}, ConfigError, "search.n_best: must be a valid integer"),
    ],
)
def test_options_of_a_wrong_kind_are_refused_in_words(
    toy_model: Model, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        toy_model.predict("ab", **options)


def test_measures_are_named_in_a_list_or_in_one_text(toy_model: Model) -> None:
    pairs = copied(5)
    both = toy_model.evaluate(pairs, metrics=["exact_match", "cer"])
    assert toy_model.evaluate(pairs, metrics="exact_match, cer").scores == both.scores
    assert toy_model.evaluate(pairs, metrics=None).scores == toy_model.evaluate(pairs).scores
    assert [each.name for each in toy_model.evaluate(pairs, metrics="chrf").scores] == ["chrf"]
    with pytest.raises(ConfigError, match="'chrg' is not a known metric"):
        toy_model.evaluate(pairs, metrics="chrg")


def test_a_list_of_files_is_trained_on_and_evaluated(toy_model: Model, tmp_path: Path) -> None:
    files = [write_pairs(tmp_path / "a.tsv", copied(30)), write_pairs(tmp_path / "b.tsv", copied(20, seed=2))]
    model = seqloom.train([str(file) for file in files], files[1:], settings={**SETTINGS, "training.epochs": 1})
    assert model.config.data.train == tuple(map(str, files))
    assert model.config.data.dev == (str(files[1]),)
    assert toy_model.evaluate(files).count == 50


def test_a_frame_is_trained_on_and_evaluated_by_its_columns(toy_model: Model) -> None:
    def frame(count: int, seed: int) -> Any:
        return pandas.DataFrame(copied(count, seed), columns=["word", "copy"]).assign(note="x")

    columns: Any = {"source": "word", "target": "copy"}
    notices = Listener()
    model = seqloom.train(frame(80, 1), frame(20, 2), **columns, epochs=1, settings=SMALL, callbacks=[notices.show])
    assert (model.config.data.source, model.config.training.epochs) == ("word", 1)
    assert model.config.training.max_steps == 0
    said = [report.text for report in notices.seen if isinstance(report, NoticeReport)]
    assert "dev pairs: source is column 1 ('word'), target is column 2 ('copy'); not read: column 3 ('note')" in said
    assert model.evaluate(frame(20, 3)).count == 20
    result = toy_model.evaluate(frame(20, 3), **columns, metrics="exact_match")
    assert result.count == 20
    assert result.notes[0].startswith("pairs: source is column 1 ('word')")
    assert toy_model.evaluate(iter(copied(20, 3)), metrics="exact_match").scores == result.scores


def test_what_a_generator_gives_is_trained_on(tmp_path: Path) -> None:
    notices = Listener()
    pairs, dev, folder = (pair for pair in copied(60)), iter(copied(9, 2)), tmp_path / "m"
    model = seqloom.train(pairs, dev, folder, epochs=1, settings=SMALL, callbacks=[notices.show])
    said = [report.text for report in notices.seen if isinstance(report, NoticeReport)]
    assert said[0] == "training pairs: an iterator, which was read once to its end: 60 pairs, kept in memory"
    assert model.metrics["record"]["data"][0]["pairs"] == 60


def test_arguments_are_settings_that_are_given_once() -> None:
    forecast = seqloom.plan([*copied(40)], epochs=2, effort="none", settings={"model": {"hidden": 16}})
    assert (forecast.config.training.epochs, forecast.config.plan.effort) == (2, "none")
    assert {"training.epochs", "plan.effort", "model.hidden"} <= forecast.given
    with pytest.raises(ConfigError, match=r"epochs= and the settings both give training.epochs"):
        seqloom.plan(copied(40), epochs=2, settings=["training.epochs=3"])
    with pytest.raises(ConfigError, match=r"plan.minutes and training.epochs"):
        seqloom.train(copied(40), epochs=2, minutes=1)
    with pytest.raises(ConfigError, match=r"plan.effort: must be"):
        seqloom.train(copied(40), effort="much")


def test_missing_values_are_refused_with_their_row() -> None:
    with pytest.raises(DataError, match=r"^training pairs:2: the field 'target' must hold text, not nothing"):
        seqloom.train([{"source": "a", "target": text} for text in ("b", None)])
    missing: Any = [("a", float("nan"))]
    with pytest.raises(DataError, match=r"^dev pairs:1: the target must be text, not float nan"):
        seqloom.train(copied(40), missing, epochs=1, settings=SMALL)
