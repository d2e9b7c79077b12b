"""The reference in Markdown, read from the source: signatures, docstrings, and the sentences under fields.

Modules are parsed, not imported, so that nothing they need has to be installed and defaults stand as they are written.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from textwrap import dedent

SOURCE = Path(__file__).parents[1] / "src"
PROPERTIES = {"property", "cached_property"}
WIDTH = 80
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Field:
    """An attribute of a class, or a value of a module: `code` is how it is declared."""

    name: str
    code: str
    text: str


@dataclass(frozen=True)
class Callable:
    """A function or a method."""

    name: str
    code: str
    text: str


@dataclass(frozen=True)
class Class:
    """A class with what is public in it."""

    name: str
    code: str
    text: str
    fields: tuple[Field, ...]
    methods: tuple[Callable, ...]


@dataclass(frozen=True)
class Module:
    """A module, by its full name."""

    name: str
    path: Path
    text: str
    classes: tuple[Class, ...]
    functions: tuple[Callable, ...]
    values: tuple[Field, ...]


def read(path: Path) -> Module:
    """What is public in a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = path.relative_to(SOURCE).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    constants = constants_of(path)
    classes = tuple(
        class_of(node, constants) for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_"
    )
    functions = tuple(
        callable_of(node, constants)
        for node in tree.body
        if isinstance(node, Function) and node.name[0] != "_" and "overload" not in decorators(node)
    )
    values = tuple(value for value in fields(tree.body) if value.text)
    return Module(name, path, ast.get_docstring(tree) or "", classes, functions, values)


def class_of(node: ast.ClassDef, constants: Mapping[str, str]) -> Class:
    functions = [each for each in node.body if isinstance(each, Function)]
    public = [each for each in functions if not each.name.startswith("_")]
    attributes = [*fields(node.body), *(property_of(each) for each in public if decorators(each) & PROPERTIES)]
    hidden = PROPERTIES | {"setter", "overload"}
    methods = [callable_of(each, constants) for each in public if not decorators(each) & hidden]
    made = next((each for each in functions if each.name == "__init__"), None)
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    code = called(node.name, made, constants) if made else f"{node.name}({bases})" if bases else node.name
    return Class(node.name, f"class {code}", ast.get_docstring(node) or "", tuple(attributes), tuple(methods))


def decorators(node: Function) -> set[str]:
    """Last names of a function's decorators."""
    return {re.split(r"[.(]", ast.unparse(each).partition("(")[0])[-1] for each in node.decorator_list}


def callable_of(node: Function, constants: Mapping[str, str]) -> Callable:
    return Callable(node.name, called(node.name, node, constants), ast.get_docstring(node) or "")


def property_of(node: Function) -> Field:
    result = f": {ast.unparse(node.returns)}" if node.returns else ""
    return Field(node.name, node.name + result, ast.get_docstring(node) or "")


def fields(body: Sequence[ast.stmt]) -> Iterator[Field]:
    """Declared names that are public, with the sentence under each."""
    for statement, after in zip(body, [*body[1:], None], strict=True):
        target: ast.expr | None = statement.target if isinstance(statement, ast.AnnAssign) else None
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
        if not isinstance(target, ast.Name) or target.id.startswith("_"):
            continue
        text = ""
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
            text = inspect.cleandoc(after.value.value)
        code = target.id
        if isinstance(statement, ast.AnnAssign):
            code = declaration(statement)
        yield Field(target.id, code if len(code) <= WIDTH else code.partition(" = ")[0], text)


def declaration(statement: ast.AnnAssign) -> str:
    """A field with its default, also where `field` of the dataclasses gives it."""
    value = statement.value
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "field":
        value = next((each.value for each in value.keywords if each.arg == "default"), None)
    code = f"{ast.unparse(statement.target)}: {ast.unparse(statement.annotation)}"
    return f"{code} = {ast.unparse(value)}" if value else code


def called(name: str, node: Function, constants: Mapping[str, str]) -> str:
    """How a function is called, on one line or with a line for each parameter."""
    given = node.args
    plain = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(given.defaults)) + list(given.defaults)
    shown = [parameter(each, default, constants) for each, default in zip(plain, defaults, strict=True)]
    if given.vararg:
        shown.append(f"*{parameter(given.vararg, None, constants)}")
    elif given.kwonlyargs:
        shown.append("*")
    shown += [
        parameter(each, default, constants) for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    if given.kwarg:
        shown.append(f"**{parameter(given.kwarg, None, constants)}")
    shown = shown[1:] if shown and shown[0] in ("self", "cls") else shown
    result = f" -> {ast.unparse(node.returns)}" if node.returns and node.name != "__init__" else ""
    line = f"{name}({', '.join(shown)}){result}"
    if len(line) <= WIDTH or not shown:
        return line
    return f"{name}(\n" + "".join(f"    {each},\n" for each in shown) + f"){result}"


def parameter(argument: ast.arg, default: ast.expr | None, constants: Mapping[str, str]) -> str:
    kind = f": {ast.unparse(argument.annotation)}" if argument.annotation else ""
    if default is None:
        return argument.arg + kind
    value = ast.unparse(default)
    value = constants.get(value, value)
    return f"{argument.arg}{kind} = {value}" if kind else f"{argument.arg}={value}"


@cache
def constants_of(path: Path) -> Mapping[str, str]:
    """Numbers and texts with names in capitals: those of a module, and those that it imports from the package."""
    found: dict[str, str] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts, strict=False))
            simple = [(name, given) for name, given in pairs if isinstance(given, ast.Constant)]
            found |= {name.id: ast.unparse(given) for name, given in simple if isinstance(name, ast.Name)}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("seqloom."):
            capitals = [alias.name for alias in node.names if alias.name.isupper() and alias.asname is None]
            place = SOURCE.joinpath(*(node.module or "").split("."))
            place = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
            if capitals and place.is_file():
                there = constants_of(place)
                found |= {name: there[name] for name in capitals if name in there}
    return found


def class_markdown(thing: Class, level: int) -> list[str]:
    """A class: heading, declaration, docstring, attributes, methods."""
    parts = [f"{'#' * level} {thing.name}", fenced(thing.code), prose(thing.text)]
    if thing.fields:
        parts.append("\n".join(field_line(field) for field in thing.fields))
    for method in thing.methods:
        parts += callable_markdown(method, level + 1, f"{thing.name}.{method.name}")
    return parts


def callable_markdown(thing: Callable, level: int, title: str) -> list[str]:
    return [f"{'#' * level} {title}", fenced(thing.code), prose(thing.text)]


def field_line(field: Field) -> str:
    text = re.sub(r"\s+", " ", prose(field.text))
    return f"- `{field.code}`" + (f": {text}" if text else "")


def fenced(code: str) -> str:
    return f"```python\n{code}\n```"


def prose(docstring: str) -> str:
    """A docstring as Markdown: examples as blocks of code, and no sign that would be read as markup by accident."""
    parts: list[str] = []
    for indented, lines in groupby(
        docstring.splitlines(), key=lambda line: line.startswith("    ") or not line.strip()
    ):
        text = "\n".join(lines)
        if not text.strip():
            parts.append("")
        elif indented:
            code = dedent(text.strip("\n")).rstrip()
            code = re.sub(r" {3,}#", "  #", code)  # as `ruff format` has it, which reads code in Markdown, too
            parts.append(f"\n```{'python' if is_python(code) else 'text'}\n{code}\n```\n")
        else:
            parts.append(plain(text))
    return "\n".join(parts).strip()


def plain(text: str) -> str:
    """Prose without accidental markup; what stands in backticks stays."""
    pieces = re.split(r"(`+[^`]+`+)", text)
    for place in range(0, len(pieces), 2):
        piece = pieces[place].replace("&", "&amp;").replace("<", "&lt;").replace("$", "&#36;")
        pieces[place] = re.sub(r"(?<=\w)\*(?=\w)", r"\\*", piece)
    return "".join(pieces)


def is_python(code: str) -> bool:
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return re.search(r"[=(]", code) is not None


def room_markdown(name: str, modules: Sequence[tuple[Module, str]]) -> str:
    """A page about a package: its modules, each with the address of its source."""
    parts = [f"# {name}"]
    for module, address in modules:
        package = module.name == name
        parts += [] if package else [f"## {module.name.removeprefix('seqloom.')}"]
        parts += [prose(module.text), f"[`{module.path.relative_to(SOURCE).as_posix()}`]({address})"]
        if module.values:
            parts.append("\n".join(field_line(value) for value in module.values))
        for thing in module.classes:
            parts += class_markdown(thing, 3)
        for function in module.functions:
            parts += callable_markdown(function, 3, function.name)
    return "\n\n".join(part for part in parts if part) + "\n"


def rooms() -> dict[str, list[Path]]:
    """Public modules by the package or module at the top of Seqloom that they are part of, packages first."""
    found: dict[str, list[Path]] = {}
    top = SOURCE / "seqloom"
    for path in sorted(top.rglob("*.py"), key=lambda path: (path.parent, path.name != "__init__.py", path)):
        first, *others = path.relative_to(top).with_suffix("").parts
        private = [part for part in (first, *others) if part[0] == "_" and part != "__init__"]
        if not private and (others or first != "__init__"):
            found.setdefault(f"seqloom.{first}", []).append(path)
    return dict(sorted(found.items()))
