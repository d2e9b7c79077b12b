"""Each command from its arguments to its output, in one process."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

import seqloom
from seqloom.cli.main import app
from seqloom.cli.printing import shown
from seqloom.config import build, laid_over, to_toml
from seqloom.training import RunConfig
from toy import SETTINGS, copied, write_pairs


def run(*arguments: object, text: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=text)


def good(*arguments: object, text: str | None = None) -> str:
    result = run(*arguments, text=text)
    assert result.exit_code == 0, result.output
    return result.stdout


def flags(command: object, name: str = "") -> Iterator[tuple[str, int]]:
    for inner, sub in getattr(command, "commands", {}).items():
        yield from flags(sub, f"{name} {inner}".strip())
    if not hasattr(command, "commands"):
        yield name, sum(parameter.param_type_name == "option" for parameter in command.params)  # type: ignore[attr-defined]


def test_flags_stay_few() -> None:
    """Everything else is --set: a new flag is a decision, taken here."""
    assert dict(flags(get_command(app))) == {
        "example": 1,
        "train": 11,
        "plan": 9,
        "predict": 14,
        "evaluate": 9,
        "score": 6,
        "explain": 5,
        "calibrate": 5,
        "show": 2,
        "average": 2,
        "ensemble": 7,
        "reproduce": 2,
        "export": 3,
        "shortlist": 3,
        "augment": 13,
        "distill": 12,
        "exceptions": 8,
        "memorise": 7,
        "lexicon": 12,
        "config": 2,
        "sweep": 5,
        "bench": 5,
        "combine rescore": 7,
        "combine vote": 7,
        "combine mbr": 5,
        "data report": 5,
        "data suspects": 7,
        "plot attention": 3,
        "plot curves": 1,
        "plot confusion": 3,
        "plot reliability": 3,
        "plot roc": 3,
        "plot precision-recall": 3,
        "recipe list": 0,
        "recipe show": 0,
        "recipe run": 4,
    }


def test_predict_keeps_lines_and_their_order(toy_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("abc\n\nd\n", encoding="utf-8")
    assert good("predict", toy_folder, tmp_path / "in.txt") == "abc\n\nd\n"
    assert good("predict", toy_folder, "-", text="abc\n\nd") == "abc\n\nd\n"
    assert good("predict", toy_folder, text="") == ""
    assert good("predict", toy_folder, tmp_path / "in.txt", "--output", tmp_path / "out.txt") == ""
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == "abc\n\nd\n"


@pytest.mark.parametrize("spelling", ["in.txt", "x/../in.txt", "hard.txt", "soft.txt", "new.txt"])
def test_answers_may_take_the_place_of_the_inputs(spelling: str, toy_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    inputs = tmp_path / "in.txt"
    inputs.write_text("abc\n\nd\n", encoding="utf-8")
    os.link(inputs, tmp_path / "hard.txt")
    (tmp_path / "soft.txt").symlink_to("in.txt")
    good("predict", toy_folder, inputs, "--output", tmp_path / spelling, "--prefix", "b")
    answers = (tmp_path / spelling).read_text(encoding="utf-8")
    assert answers.count("\n") == 3
    assert answers.startswith("b")
    kept = "abc\n\nd\n" if spelling in ("hard.txt", "new.txt") else answers
    assert inputs.read_text(encoding="utf-8") == kept


def test_a_refused_input_leaves_the_old_answers(toy_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_bytes(b"ab\n" * 3000 + b"\xff\n")
    (tmp_path / "out.txt").write_text("old\n", encoding="utf-8")
    assert run("predict", toy_folder, tmp_path / "in.txt", "--output", tmp_path / "out.txt").exit_code == 2
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == "old\n"
    assert sorted(tmp_path.iterdir()) == [tmp_path / "in.txt", tmp_path / "out.txt"]


def test_predict_begins_every_answer_as_told(toy_folder: Path) -> None:
    lines = good("predict", toy_folder, "--prefix", "b", text="abc\nd\n").splitlines()
    assert len(lines) == 2
    assert all(line.startswith("b") for line in lines)


def test_a_shortlist_is_learned_and_kept_to(toy_folder: Path, toy_pairs: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(toy_folder, tmp_path / "m"))
    wanted = ["predict", folder, "--set", "search.shortlist=true"]
    missing = run(*wanted, text="abc\n")
    assert missing.exit_code == 2
    assert "search.shortlist needs a list of candidates" in missing.stderr
    assert "hint: seqloom shortlist MODEL FILES" in missing.stderr
    few = write_pairs(tmp_path / "few.tsv", [("ab", "ab"), ("b", "b")])
    done = run("shortlist", folder, few, "--candidates", 1, "--frequent", 0)
    assert done.exit_code == 0
    assert set(good(*wanted, text="cd\n")) <= set("ab\n")
    done = run("shortlist", folder, toy_pairs, few, "--candidates", 1, "--frequent", 0)
    assert done.exit_code == 0
    assert done.stdout == ""
    assert f"{folder / 'shortlist.safetensors'}: up to 1 target words for each of 5 source words, and 0 for all" in (
        done.stderr
    )
    assert "--set search.shortlist=true" in done.stderr
    assert good(*wanted, text="abc\nd\n") == "abc\nd\n"
    refused = run("shortlist", folder, tmp_path / "none.tsv")
    assert refused.exit_code == 2
    assert "none.tsv" in refused.stderr


def test_predict_lists_several_answers_with_scores(toy_folder: Path) -> None:
    lines = [line.split("\t") for line in good("predict", toy_folder, "--n-best", 3, text="abc\nd\n").splitlines()]
    assert [line[0] for line in lines] == ["1"] * 3 + ["2"] * 3
    scores = [float(line[1]) for line in lines[:3]]
    assert scores == sorted(scores, reverse=True)


def test_predict_as_json_says_everything(toy_folder: Path) -> None:
    lines = [json.loads(line) for line in good("predict", toy_folder, "--json", text="abc\n\n").splitlines()]
    first, empty = lines
    assert first["text"] == "abc"
    assert first["source_tokens"][:3] == ["a", "b", "c"]
    assert len(first["token_log_probs"]) == len(first["target_tokens"]) == 4
    assert len(first["alignment"]) == 3
    assert empty["text"] == ""
    (several,) = [
        json.loads(line) for line in good("predict", toy_folder, "--json", "--n-best", 2, text="a").splitlines()
    ]
    assert len(several["alternatives"]) == 1


def test_evaluate_prints_a_table_or_json(toy_folder: Path, toy_pairs: Path) -> None:
    table = good("evaluate", toy_folder, toy_pairs, "--metrics", "exact_match,bleu")
    assert "exact_match" in table
    assert "tok:13a" in table
    assert "40 examples" in table
    values = json.loads(good("evaluate", toy_folder, toy_pairs, "--json"))
    assert values["count"] == 40
    assert len(values["predictions"]) == 40


def test_evaluate_compares_two_models(toy_folder: Path, toy_pairs: Path) -> None:
    assert "95 % interval" in good("evaluate", toy_folder, toy_pairs, "--compare", toy_folder)
    values = json.loads(good("evaluate", toy_folder, toy_pairs, "--compare", toy_folder, "--json"))
    assert values["comparison"][0]["difference"] == 0
    assert values["losses"]["same_target_tokens"] is True
    assert values["losses"]["per_token"]["difference"] == 0


def test_losses_of_different_tokens_are_compared_by_the_character(
    toy_folder: Path, toy_pairs: Path, tmp_path: Path
) -> None:
    other = {**SETTINGS, "training.epochs": 1, "text.target.kind": "bpe", "text.target.vocabulary_size": 20}
    second = seqloom.train(copied(100), copied(20, seed=2), tmp_path / "second", settings=other)
    table = good("evaluate", toy_folder, toy_pairs, "--compare", tmp_path / "second")
    rows = {line.partition("  ")[0]: line for line in table.splitlines()}
    assert rows["nats per token"].rstrip().endswith("not compared")
    assert re.search(r"[+-]\d+\.\d{4}", rows["nats per character"])
    assert "their losses per token cannot be compared" in table
    values = json.loads(good("evaluate", toy_folder, toy_pairs, "--compare", tmp_path / "second", "--json"))
    losses, measured = values["losses"], second.evaluate(toy_pairs)
    assert losses["same_target_tokens"] is False
    assert losses["per_token"]["difference"] is None
    characters = sum(len(target) for _, target in copied(40, seed=3))
    nats = -sum(scored.log_prob for scored in second.score(toy_pairs))
    assert losses["per_character"]["second"] == pytest.approx(nats / characters) == measured["loss_per_character"]
    assert losses["per_character"]["difference"] == pytest.approx(
        losses["per_character"]["second"] - losses["per_character"]["first"]
    )


def test_score_gives_a_line_a_pair(toy_folder: Path, toy_pairs: Path) -> None:
    lines = good("score", toy_folder, toy_pairs).splitlines()
    assert len(lines) == 40
    log_prob, tokens = lines[0].split("\t")
    assert float(log_prob) < 0 < int(tokens)
    assert "perplexity" in run("score", toy_folder, toy_pairs).stderr
    assert len(json.loads(good("score", toy_folder, toy_pairs, "--json").splitlines()[0])["token_log_probs"]) == int(
        tokens
    )


def test_show_says_sizes_figures_and_settings(toy_folder: Path) -> None:
    text = good("show", toy_folder)
    assert "weights" in text
    assert "[model.encoder]" in text
    assert json.loads(good("show", toy_folder, "--json"))["sizes"]["target symbols"] == 8


def test_a_list_of_rows_is_shown_in_words() -> None:
    assert shown([{"beam": 5, "cer": 24.22222}, {"beam": 1, "cer": 24.0}]) == "beam 5, cer 24.22; beam 1, cer 24"
    assert [shown(each) for each in ([], [1, 2], "ab", 0.123456)] == ["[]", "[1, 2]", "ab", "0.1235"]


def test_plots_are_pictures(toy_folder: Path, tmp_path: Path) -> None:
    for command in (("attention", toy_folder, "abc", "dcba"), ("curves", toy_folder)):
        path = tmp_path / f"{command[0]}.png"
        assert str(path) in good("plot", *command, "--output", path)
        assert path.read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_attention_is_of_texts_not_of_files(toy_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "inputs.txt").write_text("abc\n", encoding="utf-8")
    drawn = run("plot", "attention", toy_folder, tmp_path / "inputs.txt", "ab\0", "--output", tmp_path / "a.png")
    assert drawn.exit_code == 0
    assert drawn.stderr.count("is a file, but inputs are texts: its name is drawn, not its lines") == 1
    empty = run("plot", "attention", toy_folder, "ab", " ", "--output", tmp_path / "a.png")
    assert (empty.exit_code, "an input must not be empty" in empty.stderr) == (2, True)


def test_curves_of_what_was_not_trained_here_are_refused(tmp_path: Path) -> None:
    assert "the model folder does not exist" in run("plot", "curves", tmp_path / "none").stderr
    refused = run("plot", "curves", tmp_path)
    assert (refused.exit_code, "an exported folder has none: name the folder that" in refused.stderr) == (2, True)


def test_a_picture_of_attention_reads_tags_as_predict_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"{'ab' * (1 + number % 3)}\tb{number % 2}\t{'XY'[number % 2]}" for number in range(40)]
    (tmp_path / "tagged.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    settings = {**SETTINGS, "data.tags": "3", "training.epochs": 1}
    model = tmp_path / "m"
    seqloom.train(tmp_path / "tagged.tsv", output=model, settings=settings)
    drawn: list[seqloom.Prediction] = []

    def draw(answers: list[seqloom.Prediction], path: Path) -> Path:
        drawn.extend(answers)
        return path

    monkeypatch.setattr("seqloom.plots.plot_attention", draw)
    good("plot", "attention", model, "ab\tX", "ab\tZ", "aq")
    (tmp_path / "in.txt").write_text("ab\tX\nab\tZ\naq\n", encoding="utf-8")
    said = [json.loads(line) for line in good("predict", model, tmp_path / "in.txt", "--json").splitlines()]
    assert [list(each.source_tokens) for each in drawn] == [each["source_tokens"] for each in said]
    assert [each.source_tokens[0] for each in drawn] == ["<X>", "<unk:Z>", "a"]
    assert drawn[2].source_tokens[1] == "<unk:q>"


@pytest.mark.parametrize("preset", ["", "small", "bahdanau2015"])
def test_config_prints_what_train_reads(preset: str) -> None:
    text = good("config", *([preset] if preset else []), "--set", "model.dropout=0.25")
    config = build(RunConfig, tomllib.loads(text))
    assert config.model.dropout == 0.25
    assert "# Width H of encoder and decoder layers." in text


def test_train_from_a_file_goes_all_the_way(tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path / "pairs.tsv", copied(60))
    settings = [f"--set={key}={str(value).lower()}" for key, value in SETTINGS.items() if key != "training.epochs"]
    first = run("train", "--train", pairs, "--output", tmp_path / "m", "--set", "training.epochs=1", *settings)
    assert first.exit_code == 0
    assert first.stdout == ""
    assert "epoch 1" in first.stderr
    assert good("predict", tmp_path / "m", text="ab\ncd\n").count("\n") == 2
    again = run("train", "--train", pairs, "--output", tmp_path / "m", "--set", "training.epochs=1", *settings)
    assert again.exit_code == 2
    assert "--overwrite" in again.stderr
    resumed = run("train", "--output", tmp_path / "m", "--resume")
    assert resumed.exit_code == 0
    assert "finished before" in resumed.stderr


def test_data_are_reported_as_a_table_json_and_a_picture(toy_pairs: Path, tmp_path: Path) -> None:
    train = write_pairs(tmp_path / "train-1.tsv", [("abc", "A"), ("abc", "A"), ("b", "B")])
    write_pairs(tmp_path / "train-2.tsv", [("cc", "C")])
    test = write_pairs(tmp_path / "test.tsv", [("b", "B"), ("x", "C")])
    text = good("data", "report", f"{tmp_path}/train-*.tsv", "--against", test)
    assert f"warning: 1 of 2 sources in {test} are in {tmp_path}/train-*.tsv, too" in text
    assert "train-1.tsv:1" in text  # the longest source
    given = ("data", "report", train, "--against", test, "--set", "text.target.kind=character")
    known = json.loads(good(*given, "--json"))["vocabulary"]
    shares = [[each["unknown_share"] for each in known["files"][str(file)].values()] for file in (train, test)]
    assert shares == [[0, 0], [0.5, 0.5]]
    assert "50 % of the characters in 1 of 2 texts cannot be written, such as 'C' (1 in all)" in good(*given)
    done = run("data", "report", train, "--json", "--plot", tmp_path / "p.png", "--set", "data.header=no")
    values = json.loads(done.stdout)
    assert (values["pairs"], values["duplicates"]) == (3, 1)
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert "p.png" in done.stderr
    turned = json.loads(good("data", "report", train, "--json", "--set", "data.source='2'", "--set", "data.target='1'"))
    assert turned["lengths"]["target characters"]["longest"] == 3


def test_bench_measures_every_engine(both_graphs: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("abcd\n\nd\n  \ndcba\nab\n", encoding="utf-8")
    rows = json.loads(good("bench", both_graphs, tmp_path / "in.txt", "--count", 5, "--json"))
    assert [row["engine"] for row in rows] == ["PyTorch", "float32 graph", "8-bit graph"]
    for row in rows:
        assert row["inputs"] == 3  # five lines, two of them empty
        assert row["greedy_p99"] >= row["greedy_p50"] > 0
        assert row["beam_p99"] >= row["beam_p50"] > 0
        assert row["peak_mb"] > 20 > row["disk_mb"] > 0
        tokens = 4 + 1 + 4 + 3  # the model copies letters; an end mark each
        assert row["tokens_per_second"] == pytest.approx(row["sentences_per_second"] * tokens / 3)
    torch, graph, _ = rows
    assert torch["peak_mb"] > 1.5 * graph["peak_mb"]  # each process has what its engine needs, and no more


def test_bench_prints_a_row_an_engine_and_says_what_is_missing(toy_folder: Path, both_graphs: Path) -> None:
    table = good("bench", both_graphs, "--count", 9, "--engine", "onnx").splitlines()
    assert len(table) == 4
    assert [line.split()[:2] for line in table[2:]] == [["float32", "graph"], ["8-bit", "graph"]]
    assert all(len(line) <= 80 for line in table)
    assert len(table[2].split()) == 2 + 7
    without = run("bench", toy_folder, "--count", 3, "--threads", 2)
    assert without.exit_code == 0
    assert without.stdout.splitlines()[-1].startswith("PyTorch ")
    missing = [line for line in without.stderr.splitlines() if line.startswith("not measured: ")]
    assert [line.partition("; ")[2] for line in missing] == [
        f"seqloom export {toy_folder}",
        f"seqloom export {toy_folder} --int8",
    ]


def test_bench_takes_no_empty_file(both_graphs: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("\n \n", encoding="utf-8")
    result = run("bench", both_graphs, tmp_path / "in.txt")
    assert result.exit_code == 2
    assert "at least one line that is not empty" in result.stderr


def test_an_example_is_listed_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [line.split()[0] for line in good("example").splitlines()] == list(seqloom.examples.EXAMPLES)
    monkeypatch.chdir(tmp_path)
    done = run("example", "g2p")
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "prove nothing about real data" in done.stderr
    assert "\n  seqloom predict g2p/model g2p/words.txt\n" in done.stderr
    assert run("example", "labels", "--output", "a/b").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == [
        *("README.md", "dev.tsv", "inputs.txt", "test.tsv", "train.tsv")
    ]
    again = run("example", "g2p")
    assert again.exit_code == 2
    assert "g2p: train.tsv is there already" in again.stderr


def test_recipes_are_listed_and_shown() -> None:
    assert "multi30k-en-de" in good("recipe", "list")
    assert tomllib.loads(good("recipe", "show", "sst2"))["recipe"]["folder"] == "sst"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["predict", "nowhere"], "the model folder does not exist"),
        (["train"], "data.train must name at least one file"),
        (["train", "nowhere.toml"], "does not exist"),
        (["train", "--train", "nowhere.tsv"], "nowhere.tsv"),
        (["train", "--set", "model.hiden=3"], "did you mean model.hidden?"),
        (["train", "smal"], "did you mean small"),
        (["train", "--resume", "--output", "nowhere"], "no run to go on with"),
        (["config", "--set", "model"], "--set takes section.key=value"),
        (["recipe", "show", "sst3"], "did you mean sst"),
        (["recipe", "run", "sst2", "--only", "de"], "one model only"),
        (["plot", "curves", "nowhere"], "the model folder does not exist"),
        (["data", "report", "nowhere.tsv"], "nowhere.tsv: the file does not exist"),
        (["data", "report", "nowhere-*.tsv"], "no file matches the pattern"),
        (["data", "report", "x.tsv", "--set", "model.hidden=3"], "model is not a setting"),
    ],
)
def test_mistakes_end_with_a_message_and_2(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sst").mkdir()
    monkeypatch.setenv("SEQLOOM_DATA", str(tmp_path))
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_mistakes_with_a_model_end_the_same_way(toy_folder: Path, tmp_path: Path) -> None:
    for arguments, said in [
        (("predict", toy_folder, tmp_path / "none.txt"), "none.txt"),
        (("predict", toy_folder, "--beam", "0"), "search.beam"),
        (("evaluate", toy_folder, tmp_path / "none.tsv"), "none.tsv: the file does not exist"),
        (("evaluate", toy_folder, tmp_path, "--metrics", "blue"), "did you mean bleu"),
        (("predict", toy_folder, "--output", tmp_path), "directory"),
        (("plot", "attention", toy_folder, "ab", "--output", tmp_path / "x.txt"), "png"),
    ]:
        result = run(*arguments, text="ab\n")
        assert result.exit_code == 2, result.output
        assert said in result.stderr.lower()


def test_reproduce_says_what_to_run_and_whether_the_data_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pairs = write_pairs(Path("pairs.tsv"), copied(60))
    settings = [f"--set={key}={str(value).lower()}" for key, value in SETTINGS.items()]
    for name in ("m", "n"):
        good("train", "--train", pairs, "--output", name, *settings, "--set=training.epochs=1")
    text = good("reproduce", "m")
    assert re.search(r" --set=training\.precision=float32-(default|onednn) --set=training\.device=cpu\n", text)
    assert "ok     train  pairs.tsv" in text
    assert "pairs.tsv" in good("show", "m")
    good("average", "m", "n", "--output", "mean")
    assert "ok     member  n/model.safetensors" in good("reproduce", "mean")
    pairs.unlink()
    result = run("reproduce", "m", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["files"] == [{"part": "train", "file": "pairs.tsv", "state": "missing"}]


def test_fine_tuning_from_the_command_line(toy_folder: Path, tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path / "pairs.tsv", [("xyz", "zyx")] * 30)
    start = ["--set", f"training.start_from={toy_folder}", "--set", 'training.freeze=["encoder"]']
    quick = ["--set=training.epochs=1", "--set=training.device=cpu", "--set=training.precision=float32"]
    done = run("train", "--train", pairs, "--output", tmp_path / "m", *start, *quick)
    assert done.exit_code == 0, done.output
    assert "3 new symbols join the 8 of the model: x, y, z" in done.stderr
    assert "are trained" in done.stderr
    assert "trained weights" in good("show", tmp_path / "m")
    refused = run("train", "--train", pairs, "--output", tmp_path / "n", *start, "--set", "model.hidden=64")
    assert refused.exit_code == 2
    assert "model.hidden must stay 32" in refused.stderr


def test_a_sweep_is_run_shown_and_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_pairs(Path("pairs.tsv"), copied(60))
    base = laid_over({"data": {"train": ["pairs.tsv"]}}, {**SETTINGS, "training.epochs": 1})
    Path("base.toml").write_text(to_toml(build(RunConfig, base)))
    text = '[sweep]\nbase = "base.toml"\n[space]\n"model.hidden" = { choices = [8, 10, 12] }\n'
    Path("sweep.toml").write_text(text)
    first = run("sweep", "sweep.toml", "--output", "out", "--trials", 1)
    assert first.exit_code == 0, first.output
    assert "hidden" in first.stdout.splitlines()[0].split()
    assert "seqloom train out/best.toml" in first.stderr
    assert good("sweep", "sweep.toml", "--output", "out", "--trials", 2).count("done") == 2
    good("config", "out/best.toml")


def test_a_missing_optuna_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.startswith("seqloom.sweeps")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "optuna", None)
    result = run("sweep", tmp_path / "sweep.toml", "--output", tmp_path / "out")
    assert result.exit_code == 2
    assert re.search(r'hint: pip install .*\[sweep\]"', result.stderr)
