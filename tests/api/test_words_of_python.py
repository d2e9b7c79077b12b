"""What a user of Python reads names Python's arguments, not flags of the command line."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import seqloom
from seqloom.errors import COMMAND, ConfigError, in_python
from toy import SETTINGS, copied

SOURCE = Path(__file__).parents[2] / "src" / "seqloom"
FLAG = re.compile(r"(?<![\w-])--[a-z]")


def messages() -> Iterator[tuple[str, str]]:
    """Everything outside the command line that is said when an error is raised: its place and its text."""
    for path in sorted(SOURCE.rglob("*.py")):
        if "cli" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                for inner in ast.walk(node.exc):
                    if isinstance(inner, ast.JoinedStr | ast.Constant):
                        yield f"{path.relative_to(SOURCE)}:{inner.lineno}", written(inner)


def written(node: ast.JoinedStr | ast.Constant) -> str:
    """The text of a literal, with X for what it formats."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
    return str(node.value)


def test_no_error_names_flags_in_python() -> None:
    said = dict(messages())
    assert len(said) > 300
    assert any(FLAG.search(text) for text in said.values())  # there is something to say otherwise
    flags = {where: text for where, text in said.items() if FLAG.search(COMMAND.sub("", in_python(text)))}
    assert not flags


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "start again with --overwrite, or name another --output",
            "start again with overwrite=True, or name another output=",
        ),
        ("--set model.hidden=512", 'settings=["model.hidden=512"]'),
        ("--closest chrf", 'closest="chrf"'),
        ("--folds 0 makes only", "folds=0 makes only"),
        ("--plugin mine.py, or", 'plugins=["mine.py"], or'),
        ("give the tag by --tag NAME (data.fixed_tags), or", "give the tag by the setting data.fixed_tags, or"),
        (
            "go on with: seqloom train --output 'a b' --resume",
            "go on with: seqloom.train(…, output='a b', resume=True)",
        ),
        ("seqloom train --output a --resume --plugin b.py; or", "seqloom.train(…, output='a', resume=True); or"),
        ("pip install --upgrade onnxruntime", "pip install --upgrade onnxruntime"),
        ("seqloom export m --int8", "seqloom export m --int8"),
        ("seqloom train --train pairs.tsv …", 'seqloom.train("pairs.tsv")'),
    ],
)
def test_flags_become_arguments(text: str, words: str) -> None:
    assert in_python(text) == words


def test_errors_of_the_interface_name_arguments(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    settings = {**SETTINGS, "training.epochs": 1, "training.selection.limit": 0}
    seqloom.train(copied(40), output=folder, settings=settings)
    calls: list[Callable[[], object]] = [
        lambda: seqloom.train(copied(40), output=folder, settings=settings),
        lambda: seqloom.train(copied(40), output=folder, settings={**settings, "training.start_from": str(folder)}),
        lambda: seqloom.average([folder, folder], folder),
        lambda: seqloom.train(settings=settings),
        lambda: seqloom.train(copied(40), settings=["hidden"]),
        lambda: seqloom.train(copied(40), resume=True),
        lambda: seqloom.train(copied(40), output=folder, resume=True, settings={**settings, "model.hidden": 8}),
    ]
    for call in calls:
        with pytest.raises(ConfigError) as caught:
            call()
        assert not FLAG.search(str(caught.value)), str(caught.value)
    with pytest.raises(ConfigError, match=r"overwrite=True") as caught:
        calls[0]()
    assert "--overwrite" in caught.value.on_command_line
