"""Plugins at work: found, used, saved with a model, asked for when it is loaded, seen by other processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import seqloom
from plugging import MINE, SETTINGS_OF_MINE, installed
from seqloom import plugins
from seqloom.checkpoint.format import CONFIG, PLUGINS
from seqloom.cli.main import app
from seqloom.config import build, read_toml
from seqloom.data import DataConfig
from seqloom.errors import ConfigError, ModelFolderError
from seqloom.metrics import METRICS
from seqloom.nn.attention import ATTENTIONS
from seqloom.training import RunConfig
from sweeping import SWEEP
from toy import copied, write_pairs

pytestmark = pytest.mark.usefixtures("no_plugins")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
SETS = [
    f"--set={name}={','.join(value) if isinstance(value, tuple) else str(value).lower()}"
    for name, value in SETTINGS_OF_MINE.items()
]


def run(*arguments: object, text: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=text)


def process(*arguments: object, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "seqloom", *map(str, arguments)]
    return subprocess.run(command, input=text, capture_output=True, encoding="utf-8", env=ENVIRONMENT, check=False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plugin and the model that was trained with it, by the command line."""
    desk = tmp_path_factory.mktemp("mine")
    (desk / "mine.py").write_text(MINE, encoding="utf-8")
    for name, count, seed in (("pairs.txt", 60, 1), ("dev.txt", 10, 2)):
        (desk / name).write_text("".join(f"{word} -> {word}\n" for word, _ in copied(count, seed)), encoding="utf-8")
    data = ["--train", "pairs.txt", "--dev", "dev.txt", "--set=data.format=arrows", "--set=model.cell=my_gru"]
    command = [sys.executable, "-m", "seqloom", "train", "--plugin", "mine.py", *data, *SETS, "--output", "model"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=ENVIRONMENT, cwd=desk, check=False)
    assert done.returncode == 0, done.stderr
    assert "predict model --plugin mine.py" in done.stderr
    return desk


@pytest.fixture
def model(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same in a copy, as the working folder."""
    desk = Path(shutil.copytree(trained, tmp_path / "desk"))
    monkeypatch.chdir(desk)
    return Path("model")


def test_a_file_adds_members_to_their_families(plugin_desk: Path) -> None:
    with pytest.raises(ConfigError, match="'mine' is not a known attention"):
        build(RunConfig, {"model": {"attention": "mine"}})
    plugin = plugins.use("mine.py")
    assert (plugin.name, plugin.origin) == ("mine", "mine.py")
    assert plugins.use(str(plugin_desk / "mine.py")) is plugin
    config = build(RunConfig, {"model": {"attention": {"kind": "mine", "scale": 2}, "cell": "my_gru"}})
    assert config.model.attention is not None
    assert config.model.attention.model_dump()["scale"] == 2
    assert list(ATTENTIONS)[-1] == "mine"
    assert "first_letter" in METRICS
    with pytest.raises(ConfigError, match=r"did you mean mine\?"):
        build(RunConfig, {"model": {"attention": "mina"}})
    with pytest.raises(ConfigError, match=r"did you mean arrows\?"):
        build(DataConfig, {"format": "arows"})
    with pytest.raises(ConfigError, match=r"attention.scal is not a setting\n.*did you mean .*scale?"):
        build(RunConfig, {"model": {"attention": {"kind": "mine", "scal": 2}}})


def test_without_its_plugin_a_model_is_refused_and_says_which(model: Path) -> None:
    with pytest.raises(
        ModelFolderError, match=r"the plugin mine \(mine.py: .*attention mine.*\n.*plugins=\[\"mine.py\"\]"
    ):
        seqloom.load(model)
    refused = run("predict", model, text="abc\n")
    assert refused.exit_code == 2
    assert "--plugin mine.py" in refused.output
    (needed,) = json.loads((model / PLUGINS).read_text(encoding="utf-8"))["plugins"]
    assert needed["members"] == ["reader arrows", "cell my_gru", "attention mine", "metric first_letter"]
    assert "def " not in "".join(path.read_text("utf-8", "replace") for path in model.glob("*.json"))


def test_with_its_plugin_a_model_answers_is_measured_and_saved(model: Path) -> None:
    loaded = seqloom.load(model, engine="torch", plugins=["mine.py"])
    assert len(loaded.predict(["abc", "d"])) == 2
    assert loaded.config.plugins == ("mine.py",)
    scores = {score.name: score.value for score in loaded.evaluate("dev.txt").scores}
    assert set(scores) == {"first_letter", "exact_match"}
    loaded.save("again")
    assert (Path("again") / PLUGINS).read_text() == (model / PLUGINS).read_text()
    assert "plugins that it needs: `mine.py`" in (Path("again") / "README.md").read_text()


def test_the_option_stands_before_or_after_a_command(model: Path) -> None:
    for place in ([], ["--plugin", "mine.py"]):
        done = run(*place, "evaluate", model, "dev.txt", *([] if place else ["--plugin=mine.py"]))
        assert done.exit_code == 0, done.output
        assert "first_letter" in done.stdout
    read = run("predict", model, "pairs.txt", "--set=data.format=arrows", "--plugin", "mine.py")
    assert len(read.stdout.splitlines()) == 60
    assert run("show", model, "--plugin", "mine.py").exit_code == 0
    text = run("config", "--plugin", "mine.py", "--set", "model.attention=mine").stdout
    assert 'plugins = ["mine.py"]' in text
    assert "coverage, mine." in text
    assert ", arrows." in text
    report = run("data", "report", "pairs.txt", "--set=data.format=arrows", "--plugin", "mine.py")
    assert report.exit_code == 0, report.output


def test_a_changed_plugin_is_said(model: Path) -> None:
    with Path("mine.py").open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    with pytest.warns(plugins.PluginWarning, match=r"the plugin mine has changed since the model was made: mine.py"):
        seqloom.load(model, plugins=["mine.py"])
    done = run("predict", model, "--plugin", "mine.py", text="abc\n")
    assert done.exit_code == 0, done.output
    assert "note: model: the plugin mine has changed" in done.stderr
    assert ("plugin", "mine.py", "changed") in _states(model)


def _states(model: Path) -> list[tuple[str, str, str]]:
    values = json.loads(run("reproduce", model, "--json", "--plugin", "mine.py").stdout)
    assert all("--plugin=mine.py" in command for command in values["commands"])
    return [(each["part"], each["file"], each["state"]) for each in values["files"]]


def test_a_file_that_changes_in_a_session_is_run_again(plugin_desk: Path) -> None:
    before = plugins.use("mine.py")
    text = Path("mine.py").read_text(encoding="utf-8")
    Path("mine.py").write_text(text.replace("scale: float = 1.0", "scale: float = 3.0"), encoding="utf-8")
    after = plugins.use("mine.py")
    assert after.sha256 != before.sha256
    assert ATTENTIONS["mine"][0](kind="mine").model_dump()["scale"] == 3.0
    Path("mine.py").write_text("1 / 0\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="ZeroDivisionError"):
        plugins.use("mine.py")
    assert "mine" in ATTENTIONS


def test_no_code_that_a_folder_names_is_run_by_itself(model: Path) -> None:
    Path("mine.py").write_text("raise SystemExit('it was run')\n", encoding="utf-8")
    for arguments in (["show", model], ["train", model / CONFIG, "--output", "other"], ["reproduce", model]):
        refused = run(*arguments)
        assert refused.exit_code == 2
        assert "mine.py" in refused.output
        assert "it was run" not in refused.output
    with pytest.raises(ConfigError, match=r"the plugin mine.py is needed and not in use; plugins=\[\"mine.py\"\]"):
        build(RunConfig, read_toml(model / CONFIG))


def test_a_configuration_of_ones_own_runs_the_plugins_that_it_lists(plugin_desk: Path) -> None:
    Path("run.toml").write_text('plugins = ["mine.py"]\n[model]\nattention = "mine"\n', encoding="utf-8")
    done = run("config", "run.toml")
    assert done.exit_code == 0, done.output
    assert 'kind = "mine"' in done.stdout
    with plugins.apart():
        assert 'kind = "mine"' in run("config", "--set", 'plugins=["mine.py"]', "--set", "model.attention=mine").stdout


def test_a_run_goes_on_with_its_plugin_and_not_without(plugin_desk: Path) -> None:
    pairs = write_pairs(Path("pairs.tsv"), copied(60))
    half = _interrupted(pairs)
    assert "train --output half --resume --plugin mine.py" in half
    refused = process("train", "--output", "half", "--resume")
    assert refused.returncode == 2
    assert "the plugin mine.py is needed and not in use; --plugin mine.py" in refused.stderr
    Path("lib").mkdir()
    Path("mine.py").rename("lib/mine.py")  # where it lies does not matter
    done = process("train", "--output", "half", "--resume", "--plugin", "lib/mine.py", "--set=training.epochs=1")
    assert done.returncode == 0, done.stderr


def _interrupted(pairs: Path) -> str:
    """What is said of a run that is told to stop after its first reports."""
    command = [sys.executable, "-m", "seqloom", "train", "--plugin", "mine.py", "--train", str(pairs), *SETS]
    command += ["--output", "half", "--set=training.epochs=200", "--set=training.log_every=1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=ENVIRONMENT, encoding="utf-8") as running:
        assert running.stderr is not None
        for line in running.stderr:
            if "step" in line:
                break
        running.terminate()
        rest = running.stderr.read()
        assert running.wait() == 130, rest
    return rest


def test_python_takes_plugins_too(plugin_desk: Path) -> None:
    pairs = copied(60)
    made = seqloom.train(pairs, copied(10, seed=2), settings=SETTINGS_OF_MINE, plugins=["mine.py"])
    assert made.config.plugins == ("mine.py",)


def test_an_exported_graph_needs_no_plugin(model: Path) -> None:
    done = process("export", model, "--plugin", "mine.py")
    assert done.returncode == 0, done.stderr
    answered = process("predict", model, "--engine", "onnx", text="abc\nd\n")
    assert answered.returncode == 0, answered.stderr
    assert len(answered.stdout.splitlines()) == 2
    assert json.loads((model / "manifest.json").read_text())["files"][PLUGINS]
    with pytest.raises(ModelFolderError, match="its exported graph answers without: engine onnx"):
        seqloom.load(model)
    refused = process("evaluate", model, "dev.txt", "--engine", "onnx")
    assert refused.returncode == 2
    assert "reader arrows, cell my_gru, attention mine, metric first_letter), which is not in use" in refused.stderr
    measured = process("evaluate", model, "dev.txt", "--engine", "onnx", "--plugin", "mine.py", "--json")
    assert measured.returncode == 0, measured.stderr
    assert [each["name"] for each in json.loads(measured.stdout)["scores"]] == ["first_letter", "exact_match"]
    timed = process("bench", model, "--count", "2", "--json", "--plugin", "mine.py")
    assert timed.returncode == 0, timed.stderr
    assert [each["engine"] for each in json.loads(timed.stdout)] == ["PyTorch", "float32 graph"]


def test_a_sweep_runs_the_plugins_of_its_file(plugin_desk: Path) -> None:
    write_pairs(Path("train.tsv"), copied(60))
    write_pairs(Path("dev.tsv"), copied(10, seed=2))
    text = SWEEP.format(sweep="", training="", space='"model.attention" = { choices = ["mine"] }')
    Path("sweep.toml").write_text('plugins = ["mine.py"]\n' + text.replace("trials = 4", "trials = 1"), "utf-8")
    done = process("sweep", "sweep.toml", "--output", "found")
    assert done.returncode == 0, done.stderr
    best = Path("found/best.toml").read_text(encoding="utf-8")
    assert 'plugins = ["mine.py"]' in best


def test_processes_of_torchrun_have_the_plugin(plugin_desk: Path) -> None:
    pairs = write_pairs(Path("pairs.tsv"), copied(60))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "seqloom"]
    command += ["train", "--plugin", "mine.py", "--train", str(pairs), *SETS, "--output", "both"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=ENVIRONMENT, check=False)
    assert done.returncode == 0, done.stderr
    assert seqloom.load("both", plugins=["mine.py"])


def test_an_installed_plugin_is_found_by_its_entry_point(plugin_desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(plugin_desk)
    installed(plugin_desk)
    assert "seqloom_cosy" not in sys.modules
    build(DataConfig, {"format": "tsv"})
    assert "seqloom_cosy" not in sys.modules  # our own members ask for no plugin
    assert "mine" in ATTENTIONS
    plugin = plugins.use("cosy")
    assert plugin.origin == "seqloom-cosy 1.5"
    assert plugin in plugins.in_use()
    made = seqloom.train(copied(60), copied(10, seed=2), "model", settings=SETTINGS_OF_MINE)
    assert made.config.plugins == ("cosy",)
    with plugins.apart():
        assert seqloom.load("model")
    monkeypatch.delitem(sys.modules, "seqloom_cosy")
    with plugins.apart(), monkeypatch.context() as gone:
        gone.setattr("sys.path", [each for each in sys.path if each != str(plugin_desk)])
        with pytest.raises(ModelFolderError, match=r"cosy \(seqloom-cosy 1.5: .*\n.*install the package"):
            seqloom.load("model")
