"""The shape of the code: rooms import only rooms before them; modules, functions and constructors stay small."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "seqloom"
ROOMS = (
    "errors",
    "streams",
    "live",
    "lazy",
    "notebook",
    "config",
    "plugins",
    "tag_scheme",
    "prediction",
    "remarks",
    "losses",
    "evenly",
    "text",
    "transduction",
    "codecs",
    "data",
    "metrics",
    "lexicon",
    "nn",
    "model_config",
    "model",
    "label_network",
    "label_ensemble",
    "tag_network",
    "frame_network",
    "tag_ensemble",
    "networks",
    "ensemble_network",
    "search",
    "confidence",
    "checkpoint",
    "export",
    "inference",
    "explanation",
    "learn_shortlist",
    "label_targets",
    "learn_confidence",
    "breakdown",
    "evaluation_config",
    "evaluation",
    "measured_model",
    "runtime_model",
    "tune_memory",
    "planning",
    "presets",
    "examples",
    "training",
    "plots",
    "api",
    "ensembles",
    "loading",
    "combining",
    "synthetic",
    "pronunciation",
    "suspects",
    "bench",
    "recipes",
    "best",
    "entry",
    "sklearn",
    "sweeps",
    "testing",
    "cli",
)
"""In the order in which a batch walks through them."""
FREE_OF_TORCH = (
    "errors",
    "streams",
    "lazy",
    "notebook",
    "config",
    "plugins",
    "tag_scheme",
    "prediction",
    "remarks",
    "losses",
    "evenly",
    "text",
    "transduction",
    "codecs",
    "metrics",
    "lexicon",
    "confidence",
    "label_targets",
    "learn_confidence",
    "breakdown",
    "evaluation_config",
    "evaluation",
    "measured_model",
    "runtime_model",
    "tune_memory",
    "plots",
    "planning",
    "presets",
    "examples",
    "loading",
    "combining",
    "pronunciation",
    "bench",
)
MODULE_LINES, FUNCTION_LINES, PARAMETERS = 350, 60, 8
MODULES = sorted(SOURCE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[str]:
    """Full names of everything imported, however deep inside functions; not what only type checkers see."""
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def test_every_room_is_named() -> None:
    assert {room(path) for path in MODULES} - {"__init__", "__main__"} == set(ROOMS)


def test_the_map_lists_the_rooms_in_order() -> None:
    rows = re.findall(r"^\| `(\w+)(?:\.py|/)` \|", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.M)
    assert tuple(rows) == ROOMS


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"^- \[.+?\]\(([\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == sorted(path.name for path in folder.glob("*.md") if path.name != "README.md")


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_imports_only_rooms_before_it(name: str) -> None:
    allowed = ROOMS[: ROOMS.index(name) + 1]
    for path, tree in TREES.items():
        if room(path) != name:
            continue
        for imported in imports(tree):
            parts = imported.split(".")
            if parts[0] == "seqloom" and parts[1:] != ["__version__"]:
                assert parts[1] in allowed, f"{path} imports {imported}"


@pytest.mark.parametrize("name", FREE_OF_TORCH)
def test_some_rooms_know_no_torch(name: str) -> None:
    for path, tree in TREES.items():
        if room(path) == name:
            assert not [each for each in imports(tree) if each.split(".")[0] in ("torch", "jaxtyping")], path


@pytest.mark.parametrize(("name", "file"), [("data", "batch.py"), ("inference", "torch_engine.py")])
def test_of_some_rooms_only_one_file_knows_torch(name: str, file: str) -> None:
    known = {path.name for path, tree in TREES.items() if room(path) == name and "torch" in set(imports(tree))}
    assert known == {file}


def test_modules_are_short() -> None:
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert not {path: length for path, length in lengths.items() if length > MODULE_LINES}


def test_functions_are_short() -> None:
    long = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in TREES.items()
        for node in functions(tree)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    ]
    assert not long


@pytest.mark.parametrize("folder", ["nn/attention", "nn/decoders", "search"])
def test_what_runs_at_every_step_makes_no_function_anew(folder: str) -> None:
    """Checks of shapes would be made anew with it, in tests: milliseconds at every step."""
    for path in (SOURCE / folder).rglob("*.py"):
        for outer in functions(ast.parse(path.read_text("utf-8"))):
            inner = [each.name for each in functions(ast.Module([*outer.body], []))]
            assert not inner, f"{path}: {outer.name}"


def test_constructors_take_few_parameters_each_of_them_named() -> None:
    for path, tree in TREES.items():
        for node in functions(tree):
            if node.name == "__init__":
                arguments = node.args
                count = len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs) - 1
                assert count <= PARAMETERS, f"{path}:{node.lineno}"
                assert arguments.kwarg is None, f"{path}:{node.lineno}"


def test_only_commands_print_or_exit() -> None:
    for path, tree in TREES.items():
        if room(path) in ("cli", "__main__"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("print", "exit", "quit", "sys.exit"), f"{path}:{node.lineno}"


def test_nothing_is_left_unfinished() -> None:
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        for mark in ("TODO", "FIXME", "XXX", "NotImplementedError", "pragma: no cover", "import pickle", "torch.load("):
            assert mark not in text, f"{path}: {mark}"


def test_what_a_room_offers_is_there() -> None:
    for path, tree in TREES.items():
        listed = [
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        ]
        if not listed or path == SOURCE / "__init__.py":
            continue
        (names,) = listed
        seen = [*tree.body, *(inner for node in tree.body if isinstance(node, ast.If) for inner in node.body)]
        known = {
            alias.asname or alias.name for node in seen if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        known |= {node.name for node in tree.body if isinstance(node, Function | ast.ClassDef)}
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                known |= {
                    ast.unparse(each) for each in (node.targets if isinstance(node, ast.Assign) else [node.target])
                }
        assert set(names) <= known, f"{path}: {set(names) - known}"
