"""Several trained models as one folder: what it answers, what it holds, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

import seqloom
from answering import answers, assert_same
from seqloom.api import Model
from seqloom.checkpoint import ModelToStore, save_model, verify
from seqloom.cli.main import app
from seqloom.codecs import Codecs
from seqloom.config import build, laid_over
from seqloom.ensemble_network import Ensemble
from seqloom.errors import ConfigError, ModelFolderError
from seqloom.model import Seq2Seq
from seqloom.text import train_tokenizers
from seqloom.training import RunConfig
from seqloom.training.provenance.reproduction import reproduction

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
PAIRS = [("abcd", "dcba"), ("bad", "dab"), ("cab", "bac"), ("dada", "adad")]
LINES = ["abc", "d", "", "dcbaabcd", "a?c"]
BASE: dict[str, Any] = {
    "text.source.kind": "character",
    "text.target.kind": "character",
    "model.embedding": 6,
    "model.hidden": 8,
    "model.encoder.layers": 1,
    "model.decoder.layers": 1,
    "search.max_length_extra": 4,
    "training.device": "cpu",
    "training.precision": "float32",
    "evaluation.metrics": ["exact_match", "cer"],
}


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def stored(folder: Path, seed: int, pairs: list[tuple[str, str]] = PAIRS, **settings: Any) -> Path:
    """A model with random weights, large enough for answers of its own."""
    named = {name.replace("__", "."): value for name, value in settings.items()}
    config = build(RunConfig, laid_over({}, {**BASE, **named}))
    source, target = train_tokenizers(pairs, config.text)
    torch.manual_seed(seed)
    network = Seq2Seq(config.model, source.size, target.size).eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.5)
    codecs = Codecs.of_text(source, target).turned(**config.data.reversed)
    save_model(folder, ModelToStore(network, codecs, config, {"dev": {"loss": 1.0}}))
    return folder


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three different networks with the same vocabularies; the last one has no attention."""
    folder = tmp_path_factory.mktemp("members")
    return [
        stored(folder / "a", 1, model__decoder__attend="before"),
        stored(folder / "b", 2, model__cell="gru", model__hidden=12, model__decoder__attend="feed", search__beam=3),
        stored(folder / "c", 3, model__cell="rnn", model__decoder__attend="none"),
    ]


@pytest.fixture(scope="module")
def made(members: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "ensemble"
    seqloom.ensemble(members, folder, [1, 2, 1])
    return folder


def test_the_folder_answers_as_the_members_together_do(made: Path, members: list[Path]) -> None:
    model, together = seqloom.load(made), seqloom.ensemble(members, weights=[1, 2, 1])
    assert isinstance(model, Model)
    assert isinstance(model.network, Ensemble)
    assert model.network.shares == (0.25, 0.5, 0.25)
    assert model.sizes()["members"] == 3
    assert model.sizes()["weights"] == sum(seqloom.load(each, engine="torch").sizes()["weights"] for each in members)
    for asked in ({"beam": 1}, {"n_best": 3}, {"beam": 2, "prefix": "ab"}, {"search.no_repeat_ngram": 1}):
        assert_same(answers(model, LINES, asked), answers(together, LINES, asked), 1e-6)
    (answer,) = model.predict(["abc"], alignments=True)
    assert answer.alignment is not None
    assert answer.alignment.sum(1) == pytest.approx([1.0] * len(answer.alignment), abs=1e-5)


def test_scores_are_those_of_the_search_and_of_the_geometric_mean(made: Path, members: list[Path]) -> None:
    model = seqloom.load(made, engine="torch")
    (answer,) = model.predict(["abcd"], alignments=True)
    (scored,) = model.score([("abcd", answer.text)])
    assert scored.token_log_probs == pytest.approx(answer.token_log_probs, abs=1e-4)
    apart = [next(seqloom.load(each, engine="torch").score([("abcd", answer.text)])) for each in members]
    mean = [
        sum(s * each.token_log_probs[t] for s, each in zip((0.25, 0.5, 0.25), apart, strict=True)) for t in range(2)
    ]
    assert all(found >= least - 1e-5 for found, least in zip(scored.token_log_probs, mean, strict=False))
    assert model.evaluate([("abcd", answer.text)])["exact_match"] == 100.0


def test_what_an_ensemble_does_not_take_over_is_said(members: list[Path]) -> None:
    first, second = (seqloom.load(each, engine="torch") for each in members[:2])
    first = first.with_exceptions([("abc", "x")]).with_shortlist(PAIRS)
    both = seqloom.ensemble([first, second.with_memory([("abc", "y")] * 2)])
    assert [note for note in both.metrics["ensemble"]["notes"] if note.startswith("not taken over")] == [
        "not taken over: exceptions of model 1; the new model gets its own by seqloom exceptions",
        "not taken over: memory of model 2; the new model gets its own by seqloom memorise",
        "not taken over: shortlist of model 1; the new model gets its own by seqloom shortlist",
    ]


def test_the_folder_says_what_it_is_made_of(made: Path, members: list[Path]) -> None:
    manifest, metrics = verify(made), json.loads((made / "metrics.json").read_text(encoding="utf-8"))
    assert "members.json" in manifest.files
    listed = metrics["ensemble"]["members"]
    assert [each["folder"] for each in listed] == [str(each) for each in members]
    assert [each["sha256"] for each in listed] == [verify(each).files["model.safetensors"].sha256 for each in members]
    assert [each["share"] for each in listed] == [0.25, 0.5, 0.25]
    notes = " ".join(metrics["ensemble"]["notes"])
    assert f"search.beam is 5 in {members[0]}, which holds, and 3 in {members[1]}" in notes
    card = (made / "README.md").read_text(encoding="utf-8")
    assert "An ensemble of 3 models" in card
    assert f"- member 2: `{members[1]}`, share 0.5" in card
    assert card.count("hidden = 12") == 1
    assert "## Settings of member 3" in card
    again = reproduction(made)
    assert again.unchanged
    assert again.commands[0].startswith(f"seqloom ensemble --weights=0.25,0.5,0.25 {members[0]} ")


def test_damaged_members_are_named(made: Path, tmp_path: Path) -> None:
    seqloom.load(made, engine="torch").save(tmp_path / "copy")
    path = tmp_path / "copy" / "members.json"
    path.write_text(path.read_text(encoding="utf-8").replace("0.25", "0.35"), encoding="utf-8")
    with pytest.raises(ModelFolderError, match="SHA-256") as caught:
        seqloom.load(tmp_path / "copy")
    assert caught.value.where == str(path)


def test_a_single_model_in_its_place_leaves_no_members_behind(made: Path, members: list[Path], tmp_path: Path) -> None:
    seqloom.load(made, engine="torch").save(tmp_path / "copy")
    seqloom.load(members[0], engine="torch").save(tmp_path / "copy", overwrite=True)
    assert not (tmp_path / "copy" / "members.json").exists()
    assert isinstance(seqloom.load(tmp_path / "copy", engine="torch").network, Seq2Seq)


def test_one_model_alone_answers_and_scores_as_itself(members: list[Path], tmp_path: Path) -> None:
    seqloom.ensemble(members[:1], tmp_path / "one")
    one, itself = (seqloom.load(each, engine="torch") for each in (tmp_path / "one", members[0]))
    assert one.predict(LINES, n_best=3) == itself.predict(LINES, n_best=3)
    assert list(one.score(PAIRS)) == list(itself.score(PAIRS))


def test_ensembles_of_ensembles_are_taken_apart_and_models_that_come_twice_are_added_up(
    members: list[Path], made: Path, tmp_path: Path
) -> None:
    pair = tmp_path / "pair"
    seqloom.ensemble(members[:2], pair)
    nested = seqloom.ensemble([pair, members[2]], weights=[2, 1])
    assert isinstance(nested.network, Ensemble)
    assert nested.network.shares == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert_same(nested.predict(LINES), seqloom.ensemble(members).predict(LINES))
    twice = seqloom.ensemble([pair, members[0]])
    assert isinstance(twice.network, Ensemble)
    assert twice.network.shares == pytest.approx((0.75, 0.25))
    assert any("an ensemble itself" in note for note in twice.metrics["ensemble"]["notes"])
    del made


def test_a_model_with_the_weight_0_is_left_out(members: list[Path]) -> None:
    model = seqloom.ensemble(members, weights=[1, 0, 1])
    assert [each["folder"] for each in model.metrics["ensemble"]["members"]] == [str(members[0]), str(members[2])]
    assert f"left out, as its weight is 0: {members[1]}" in model.metrics["ensemble"]["notes"]


def test_models_given_in_python(members: list[Path], tmp_path: Path) -> None:
    loaded = [seqloom.load(each, engine="torch") for each in members[:2]]
    model = seqloom.ensemble(loaded, tmp_path / "both")
    assert model.predict(LINES) == seqloom.ensemble(members[:2]).predict(LINES)
    assert reproduction(tmp_path / "both").commands == ()


def test_sources_are_as_long_as_every_member_can_read(members: list[Path], tmp_path: Path) -> None:
    short: dict[str, Any] = {"model__encoder": {"kind": "transformer", "layers": 1, "heads": 2, "positions": "learned"}}
    limits: dict[str, Any] = {"search__source_positions": 8, "search__max_source_length": 7}
    fixed = stored(tmp_path / "fixed", 4, **short, model__encoder__max_positions=8, data__max_source_length=7, **limits)
    model = seqloom.ensemble([members[0], fixed])
    assert (model.config.search.source_positions, model.config.search.max_source_length) == (8, 7)
    assert any("max_source_length is 7" in note for note in model.metrics["ensemble"]["notes"])
    assert model.predict(["abcdabcdabcd"])[0].cut


def test_what_does_not_fit_is_named(members: list[Path], tmp_path: Path) -> None:
    other = stored(tmp_path / "other", 5, [*PAIRS, ("xa", "ax")])
    order = stored(tmp_path / "order", 6, [*PAIRS, ("ddddbbbb", "bbbbdddd")] * 3)
    turned = stored(tmp_path / "turned", 7, data__reverse_source=True)
    last = stored(tmp_path / "last", 9, data__reverse_target=True)
    lower = stored(tmp_path / "lower", 8, text__source__lowercase=True)
    for folder, said in [
        (other, r"tokenizer\.source\.json: 8 and 9 symbols; only .*other has 'x'"),
        (order, r"tokenizer\.source\.json: 8 and 8 symbols; id \d is '.' in .*a and '.' in .*order"),
        (turned, r"data\.reverse_source is False in .*a and True in .*turned"),
        (last, r"data\.reverse_target is False in .*a and True in .*last"),
        (lower, r"tokenizer\.source\.json: .*normalizer"),
    ]:
        with pytest.raises(ModelFolderError, match=said) as caught:
            seqloom.ensemble([members[0], folder])
        assert caught.value.where == str(folder)
        assert "[text] settings" in caught.value.hint


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"weights": [1, 2]}, "one weight for each of the 3 models, not 2"),
        ({"weights": [1, -1, 1]}, "at least 0"),
        ({"weights": [0, 0, 0]}, "not all of them 0"),
        ({"weights": [1, 1, float("nan")]}, "at least 0"),
        ({"weights": [1, 1, 1], "tune": PAIRS}, "either given or tuned"),
        ({"select": 2}, "selected on dev pairs"),
        ({"tune": PAIRS, "metrics": "bleus"}, "bleus"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(members: list[Path], arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        seqloom.ensemble(members, **arguments)


def test_too_few_models_and_taken_folders_are_refused(members: list[Path]) -> None:
    with pytest.raises(ConfigError, match="at least one model"):
        seqloom.ensemble([])
    with pytest.raises(ConfigError, match="once only"):
        seqloom.ensemble([members[0], members[0]])
    with pytest.raises(ConfigError, match="as a list"):
        seqloom.ensemble(str(members[0]))
    with pytest.raises(ConfigError, match="a new folder"):
        seqloom.ensemble(members[:2], members[2])


def test_an_ensemble_is_not_averaged_and_not_trained_further(made: Path, members: list[Path], tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match="seqloom average needs a single model, and this is an ensemble of 3"
    ) as caught:
        seqloom.average([members[0], made])
    assert str(members[1]) in caught.value.hint
    with pytest.raises(ConfigError, match="fine-tuning needs a single model"):
        seqloom.train(PAIRS * 30, output=tmp_path / "more", settings={"training.start_from": str(made)})
    resumed = CliRunner().invoke(app, ["train", "--output", str(made), "--resume"])
    assert (resumed.exit_code, "an ensemble is not trained" in resumed.output) == (2, True)


def test_an_ensemble_learns_a_shortlist(made: Path) -> None:
    model = seqloom.load(made, engine="torch").with_shortlist(PAIRS, candidates=2, frequent=1)
    assert model.shortlist is not None
    listed = model.with_settings({"search.shortlist": True}).predict(["abcd"])[0]
    assert listed.score > model.predict(["abcd"])[0].score - 1.0


def test_tuned_weights_go_to_the_member_that_knows(members: list[Path], tmp_path: Path) -> None:
    knowing = seqloom.load(members[1], engine="torch")
    texts = ["".join(letters) for letters in zip("abcdabcd", "ddccbbaa", "abbacddc", strict=True)]
    dev = [(text, knowing.predict([text])[0].text or "a") for text in texts]
    model = seqloom.ensemble(members, tmp_path / "tuned", tune=dev)
    shares = {each["folder"]: each["share"] for each in model.metrics["ensemble"]["members"]}
    assert max(shares, key=shares.__getitem__) == str(members[1])
    found = model.metrics
    assert model.evaluate(dev)["exact_match"] == pytest.approx(found["dev"]["exact_match"])
    assert model.evaluate(dev).loss == pytest.approx(found["dev"]["loss"], abs=1e-4)
    assert set(found["dev_without"]) == {"equal weights", *map(str, members)}
    assert found["dev"]["loss"] < found["dev_without"]["equal weights"]["loss"]
    assert found["record"]["data"][-1]["pairs"] == len(dev)
    assert any(note.startswith("dev: exact_match") for note in found["ensemble"]["notes"])
    card = (tmp_path / "tuned" / "README.md").read_text(encoding="utf-8")
    assert "| dev.exact_match |" in card
    assert "| dev_without.equal weights.exact_match |" in card


@pytest.mark.parametrize("metric", ["exact_match", "loss"])
def test_members_are_selected_where_they_help(members: list[Path], metric: str) -> None:
    knowing = seqloom.load(members[2], engine="torch")
    dev = [(text, knowing.predict([text])[0].text or "a") for text in ("ab", "bc", "cd", "da", "abc", "bcd")]
    choice = seqloom.select_members(members, dev, metric, most=3)
    assert choice.weights[2] >= max(choice.weights)
    assert choice.measured["selected"]["steps"][0]["taken"] == str(members[2])
    assert len(choice.measured["selected"]["steps"]) == 3
    model = seqloom.ensemble(members, weights=choice.weights)
    single = [seqloom.load(each, engine="torch").evaluate(dev, metrics="exact_match") for each in members]
    measured = model.evaluate(dev, metrics="exact_match")
    wanted = choice.measured["dev"][metric]
    assert (measured.loss if metric == "loss" else measured["exact_match"]) == pytest.approx(wanted, abs=1e-4)
    if metric == "loss":
        assert measured.loss <= min(each.loss for each in single) + 1e-4
    else:
        assert measured["exact_match"] >= max(each["exact_match"] for each in single)


def test_the_command_line(members: list[Path], tmp_path: Path) -> None:
    run, folder, dev = CliRunner(), str(tmp_path / "e"), tmp_path / "dev.tsv"
    dev.write_text("".join(f"{source}\t{target}\n" for source, target in PAIRS), encoding="utf-8")
    names = [str(each) for each in members[:2]]
    done = run.invoke(app, ["ensemble", *names, "--output", folder, "--tune", str(dev), "--metrics", "cer"])
    assert done.exit_code == 0, done.output
    assert "weights of the least dev loss" in done.output
    assert f"member 1: {names[0]}, share" in done.output
    again = run.invoke(app, ["ensemble", *names, "--output", folder, "--weights", "1,2"])
    assert (again.exit_code, "a new folder" in again.output) == (2, True)
    for weights, said in (("1,x", "numbers with commas"), ("1", "one weight for each")):
        refused = run.invoke(app, ["ensemble", *names, "--output", f"{folder}2", "--weights", weights])
        assert (refused.exit_code, said in refused.output) == (2, True)
    without = run.invoke(app, ["ensemble", *names, "--output", f"{folder}2", "--select", "2"])
    assert (without.exit_code, "name them with --tune" in without.output) == (2, True)
    selected = run.invoke(app, ["ensemble", *names, "--output", f"{folder}3", "--tune", str(dev), "--select", "2"])
    assert "selected on dev, one after the other" in selected.output
    shown = json.loads(run.invoke(app, ["show", folder, "--json"]).stdout)
    assert shown["metrics"]["ensemble"]["combination"] == "weighted geometric mean of probabilities"
    for command in (
        ["evaluate", folder, str(dev)],
        ["score", folder, str(dev)],
        ["reproduce", folder],
        ["show", folder],
    ):
        assert run.invoke(app, command).exit_code == 0
