"""The documents hold what they say: code runs, commands work, settings and files that they name are there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from seqloom.cli.main import app
from seqloom.combining.settings import BayesRiskSettings
from seqloom.config import OneOf, Section, build
from seqloom.examples import EXAMPLES, write
from seqloom.search import SamplingConfig
from seqloom.training import RunConfig

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "docs" / "reference"
DOCUMENTS = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if path.is_file())
PAGES = [path for path in DOCUMENTS if GENERATED not in path.parents]
FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]+?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)
PLACE = re.compile(r"`((?:src|tests|docs|scripts|benchmarks)/[\w./-]+)`")
SETTING = re.compile(
    r"`((?:data|text|model|training|search|evaluation|plan)(?:\.(?!(?:py|safetensors|onnx)`)[a-z][a-z0-9_]*)+)(?:\s?=[^`]*)?`"
)
FAST = ("README.md",)
PARTS = ("train", "dev", "test")


@dataclass(frozen=True)
class Block:
    """A piece of code; `reason` says why it is not run."""

    language: str
    text: str
    line: int
    reason: str | None


def blocks(page: Path, *languages: str) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = [
        Block(match["language"], match["text"], text.count("\n", 0, match.start("text")), match["reason"])
        for match in FENCE.finditer(text)
    ]
    return [block for block in found if block.language in languages]


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def having(*languages: str) -> list[Any]:
    """Pages with runnable code in a language; all but the fast ones are slow where commands are run.

    Translations show the same code (a test says so), which is run once.
    """
    originals = [page for page in PAGES if not page.name.endswith(".zh.md")]
    pages = [page for page in originals if any(block.reason is None for block in blocks(page, *languages))]
    slow = "bash" in languages
    return [
        pytest.param(page, id=name(page), marks=[pytest.mark.slow] if slow and name(page) not in FAST else [])
        for page in pages
    ]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def spelled(count: int, skip: int = 0) -> list[tuple[str, str]]:
    """Made-up words and their letters: something to learn from in a second."""
    letters = "abcdehilmnorstu"
    numbers = range(skip, skip + count)
    words = ["".join(letters[(7 * n + 3 * k * k + n // (k + 2)) % 15] for k in range(3 + n % 5)) for n in numbers]
    return [(word, " ".join(word.upper())) for word in words]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the documents talk about; on so few pairs training without settings is cut short."""
    monkeypatch.setattr("seqloom.training.run_length.MOST_EPOCHS", 5)
    monkeypatch.setattr("seqloom.training.run_length.MOST_PLANNED_EPOCHS", 5)
    monkeypatch.setattr("seqloom.training.time_plan.MOST", 0.01)
    few = {key: replace(each, count=80) for key, each in EXAMPLES.items()}
    monkeypatch.setattr("seqloom.examples.files.EXAMPLES", few)
    rows = spelled(40)
    tagged = [(*row, f"en;{'verb' if number % 2 else 'noun'}") for number, row in enumerate(rows)]
    files: dict[str, Sequence[tuple[str, ...]]] = {
        "pairs.tsv": spelled(80),
        "dev.tsv": spelled(20, 80),
        "test.tsv": spelled(20, 100),
        "shards/0.tsv": rows[:20],
        "shards/1.tsv": rows[20:],
        "tagged.tsv": tagged,
        **{f"languages/{language}_{part}.tsv": rows[:20] for language in ("rum", "vie") for part in PARTS},
    }
    for folder in ("shards", "languages"):
        (tmp_path / folder).mkdir()
    for file, table in files.items():
        (tmp_path / file).write_text("".join("\t".join(line) + "\n" for line in table))
    (tmp_path / "words.txt").write_text("".join(f"{source}\n" for source, _ in spelled(6, 120)))
    (tmp_path / "pairs.csv").write_text("word,phones\n" + "".join(",".join(row) + "\n" for row in rows))
    records = [{"source": source, "target": [target, source]} for source, target in rows]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    for side, texts in zip(("en", "de"), zip(*rows, strict=True), strict=True):
        (tmp_path / f"train.{side}").write_text("".join(f"{text}\n" for text in texts))
    (sweep,) = blocks(ROOT / "docs" / "guides" / "sweeps.md", "toml")
    (tmp_path / "sweep.toml").write_text(sweep.text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.usefixtures("no_plugins")
@pytest.mark.parametrize("page", having("python"))
def test_python_runs(page: Path, desk: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "snippet"}
    write("g2p", desk / "g2p")
    for block in blocks(page, "python"):
        if block.reason is None:
            exec(compile("\n" * block.line + block.text, str(page), "exec"), namespace)


@pytest.mark.usefixtures("unchecked_shapes", "no_plugins")  # checks of shapes would be traced by an export
@pytest.mark.parametrize("page", having("bash"))
def test_commands_run(page: Path, desk: Path) -> None:
    for block in blocks(page, "bash"):
        if block.reason is None:
            for line in block.text.replace("\\\n", " ").splitlines():
                obey(line)


def obey(line: str) -> None:
    """One line of a shell: stages parted by |, output into a file by >; our own commands run in this process."""
    words = shlex.split(line, comments=True)
    words, to = (words[:-2], words[-1]) if ">" in words else (words, None)
    text = ""
    while words:
        end = words.index("|") if "|" in words else len(words)
        stage, words = words[:end], words[end + 1 :]
        if stage[0] == "seqloom":
            done = CliRunner().invoke(app, stage[1:], input=text)
            assert done.exit_code == 0, f"{line}\n{done.output}"
            text = done.stdout
        else:
            text = subprocess.run(stage, input=text, capture_output=True, text=True, check=True).stdout
    if to is not None:
        Path(to).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("page", having("toml"))
def test_configurations_are_valid(page: Path) -> None:
    for block in blocks(page, "toml"):
        values = tomllib.loads(block.text)
        if block.reason is None and "space" not in values:  # sweeps are run
            build(RunConfig, values, where=f"{name(page)}:{block.line}")


@pytest.mark.parametrize("page", [page for page in PAGES if page.name.endswith(".zh.md")], ids=name)
def test_translations_show_the_same_code(page: Path) -> None:
    original = page.with_name(page.name.replace(".zh.md", ".md"))
    shown = [
        [(block.language, block.text) for block in blocks(each, "python", "bash", "toml")] for each in (page, original)
    ]
    assert shown[0] == shown[1]
    pictures = [re.findall(r"!\[[^\]]*\]\(([^)]+)\)", prose(each)) for each in (page, original)]
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_named_files_targets_and_settings_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [place for place in PLACE.findall(text) if not (ROOT / place).exists()] == []
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.M)) <= targets
    known = {*settings(RunConfig), *settings(BayesRiskSettings), *settings(SamplingConfig, "sampling.")}
    named = SETTING.findall(text) + re.findall(r"--set ([a-z][a-z0-9_.]*)=", text)
    assert sorted(set(named) - known) == []


def settings(section: type[Section], prefix: str = "") -> Iterator[str]:
    """Dotted names of all settings and sections, over every member of a family."""
    for key, field in section.model_fields.items():
        yield prefix + key
        members = [member for mark in field.metadata if isinstance(mark, OneOf) for member in mark.table().values()]
        kind = field.annotation
        if not members and isinstance(kind, type) and issubclass(kind, Section):
            members = [kind]
        for member in members:
            yield from settings(member, f"{prefix}{key}.")
