"""What is no plugin, or contradicts another one, is refused in words, by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from plugging import MINE, installed
from seqloom import plugins
from seqloom.cli.main import app
from seqloom.data import DataConfig, ReadReport, read_examples
from seqloom.errors import ConfigError
from seqloom.metrics import METRICS, compute
from seqloom.nn.attention import ATTENTIONS

pytestmark = pytest.mark.usefixtures("no_plugins")
HEAD = "from typing import Literal\nfrom seqloom.nn.attention import Attention, AttentionConfig\n"
REFUSED = {
    "an error": ("x = 1\n1 / 0\n", r"bad.py:2: the plugin cannot be imported: ZeroDivisionError: division by zero"),
    "a syntax error": (
        "x = 1\ny = (\n",
        r"bad.py:2: the plugin cannot be imported: SyntaxError: '\(' was",
    ),
    "a missing module": ("import nowhere_x\n", r"bad.py:1: .*ModuleNotFoundError: No module named 'nowhere_x'"),
    "an exit": ("raise SystemExit(3)\n", r"bad.py:1: .*SystemExit: 3"),
    "an error further in": ("import json\njson.loads('{')\n", r"bad.py:2: .*JSONDecodeError"),
    "no table": ("x = 1\n", r"bad.py: a plugin must hold one of the tables ATTENTIONS, CELLS,"),
    "a misspelt table": ("ATTENTION = {}\n", r"must hold one of the tables .*\nhint: did you mean ATTENTIONS\?"),
    "a table that is none": ("METRICS = ['a']\n", r"bad.py: METRICS must map names to members, not be \['a'\]"),
    "a nameless member": ("METRICS = {1: 2}\n", r"METRICS must map names to members"),
    "no pair": (
        "ATTENTIONS = {'x': 5}\n",
        r"ATTENTIONS\['x'\] must be a pair of a subclass of AttentionConfig .*5",
    ),
    "another class": (
        f"{HEAD}ATTENTIONS = {{'x': (AttentionConfig, dict)}}\n",
        r"must be a pair of a subclass of AttentionConfig and a subclass of Attention, not",
    ),
    "a class without its methods": (
        f"{HEAD}class C(AttentionConfig):\n    kind: Literal['x'] = 'x'\nclass A(Attention):\n    pass\n"
        "ATTENTIONS = {'x': (C, A)}\n",
        r"ATTENTIONS\['x'\] must have the methods project_keys, scores, not",
    ),
    "settings that reach nobody": (
        "from typing import Literal\nfrom seqloom.nn.cells.gru import GRU, GRUConfig\n"
        "class C(GRUConfig):\n    kind: Literal['x'] = 'x'\n    more: int = 1\nCELLS = {'x': (C, GRU)}\n",
        r"CELLS\['x'\] has settings of its own \(more\), so that its class must override `of`",
    ),
    "a name with another meaning": (
        "READERS = {'auto': len}\n",
        r"READERS: the name 'auto' has another meaning in settings and reports\nhint: choose another name",
    ),
    "another kind": (
        f"{HEAD}class C(AttentionConfig):\n    kind: Literal['y'] = 'y'\nATTENTIONS = {{'x': (C, Attention)}}\n",
        r"must have a section whose kind is 'x' by default, not 'y'",
    ),
    "no entry": ("METRICS = {'x': len}\n", r"METRICS\['x'\] must be an Entry of seqloom.metrics"),
    "no function": ("READERS = {'x': 'y'}\n", r"READERS\['x'\] must be a function"),
    "a name with a colon": ("READERS = {'x:y': len}\n", r"a name has no space, colon, comma or =, unlike 'x:y'"),
    "one of ours": (
        "READERS = {'tsv': len}\n",
        r"the name 'tsv' is that of a member of Seqloom; a plugin",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_bad_plugin_is_refused(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text, message = REFUSED[what]
    Path("bad.py").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        plugins.use("bad.py")
    assert not plugins.files_in_use()
    done = CliRunner().invoke(app, ["config", "--plugin", "bad.py"])
    assert done.exit_code == 2
    assert "bad.py" in done.output
    assert "Traceback" not in done.output
    assert CliRunner().invoke(app, ["--plugin", "bad.py", "config"]).exit_code == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.py", "nowhere.py: the plugin does not exist"),
        ("notes.txt", "must be a Python file, whose name ends in .py"),
        ("folder.py", "cannot be read"),
        ("nothing", "'nothing' is neither a Python file nor an installed plugin"),
    ],
)
def test_what_is_no_file_is_refused(name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").touch()
    Path("folder.py").mkdir()
    with pytest.raises(ConfigError, match=message):
        plugins.use(name)


def test_two_plugins_have_two_names_and_no_member_in_common(plugin_desk: Path) -> None:
    plugins.use("mine.py")
    Path("lib").mkdir()
    Path("lib/mine.py").write_text(MINE, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"two plugins are called mine: mine\.py and lib/mine\.py"):
        plugins.use("lib/mine.py")
    Path("other.py").write_text(MINE, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"other.py: .*'mine' is that of a member of the plugin mine \(mine.py\)"):
        plugins.use("other.py")
    assert plugins.files_in_use() == ["mine.py"]


def test_an_installed_plugin_that_fails_is_named(plugin_desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(plugin_desk)
    installed(plugin_desk, text="import seqloom\n1 / 0\n", module="seqloom_broken")
    with pytest.raises(
        ConfigError, match=r"seqloom_broken.py:2: .*\(seqloom-broken 1.5\) cannot be imported: ZeroDiv"
    ) as e:
        list(ATTENTIONS)
    assert "pip uninstall seqloom-broken" in e.value.hint
    assert METRICS["bleu"]  # what is ours can be used all the same


def test_an_installed_plugin_and_a_file_with_one_name_are_refused(
    plugin_desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(plugin_desk)
    installed(plugin_desk, module="seqloom_twice")
    plugins.use("mine.py")
    with pytest.raises(ConfigError, match=r"seqloom-twice 1.5: .*that of a member of the plugin mine \(mine.py\)"):
        plugins.in_use()


FAILING = """
from collections.abc import Iterator
from seqloom.metrics import Entry, Metric
import numpy as np


class Broken(Metric):
    def statistics(self, predictions, references):
        return [1, 2]

    def value(self, total):
        return 1.0


class NoNumber(Metric):
    def statistics(self, predictions, references):
        return np.ones((len(predictions), 1))

    def value(self, total):
        return float("nan")


def tuples(entry, config, report) -> Iterator:
    yield "a", "b"


METRICS = {"broken": Entry("broken", Broken), "no_number": Entry("no number", NoNumber)}
READERS = {"tuples": tuples, "nothing": lambda entry, config, report: None}
"""


def test_members_that_fail_at_work_are_told_in_words(plugin_desk: Path) -> None:
    Path("failing.py").write_text(FAILING, encoding="utf-8")
    plugins.use("failing.py")
    for name, said in (
        ("broken", "the metric 'broken' of a plugin fails: "),
        ("no_number", "the metric 'no_number' of a plugin must give a finite number, not nan"),
    ):
        with pytest.raises(ConfigError, match=said):
            compute([name], ["a"], ["a"])
    for name, said in (
        ("tuples", "it must yield examples .*, not tuple"),
        ("nothing", "'NoneType' object is not iter"),
    ):
        with pytest.raises(ConfigError, match=f"pairs.txt: the reader '{name}' of a plugin fails: TypeError: {said}"):
            list(read_examples(["pairs.txt"], DataConfig(format=name), ReadReport()))
