"""Writes docs/reference from the code: the commands' help, and the docstrings of what `seqloom` exports.

With --check nothing is written: exit code 1 where a page is not fresh.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import typer

import seqloom
from seqloom.cli.main import app

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
PUBLIC = {
    "plugins": ("use", "in_use"),
    "testing": ("check_attention", "check_cell", "check_encoder", "check_metric", "check_reader", "check_network"),
}
"""What users call in modules that hold more."""
NOTE = "<!-- made by scripts/reference.py (make docs): do not edit -->"


def main() -> int:
    pages = {FOLDER / "cli.md": commands_page(), FOLDER / "python.md": python_page()}
    if "--check" in sys.argv:
        stale = [path for path, text in pages.items() if not path.is_file() or path.read_text("utf-8") != text]
        for path in stale:
            print(f"{path} is not fresh: run make docs", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return 0


def commands_page() -> str:
    command = typer.main.get_command(app)
    parts = [NOTE, "# The commands", "Settings that have no flag are given with `--set section.key=value`;"]
    parts[-1] += (
        " `seqloom config` prints all of them.\nExit codes: 0, 2 for a mistake in what was given, 130 after Ctrl-C."
    )
    return "\n\n".join([*parts, *help_of(command, None, "seqloom")]) + "\n"


def help_of(command: Any, parent: Any, name: str) -> list[str]:
    context = command.context_class(command, info_name=name, parent=parent, terminal_width=100, max_content_width=100)
    text = "\n".join(line.rstrip() for line in command.get_help(context).strip().splitlines())
    sections = [f"## {context.command_path}", f"```text\n{text}\n```"]
    for inner, subcommand in getattr(command, "commands", {}).items():
        sections += help_of(subcommand, context, inner)
    return sections


def python_page() -> str:
    parts = [NOTE, "# Python", inspect.getdoc(seqloom) or ""]
    for name in sorted(seqloom.__all__):
        if name == "__version__":
            continue
        thing = getattr(seqloom, name)
        parts.append(f"## {name}")
        if inspect.isclass(thing):
            parts += class_parts(thing)
        else:
            parts += function_parts(name, thing)
    for name in ("plugins", "testing"):
        parts += module_parts(name)
    return "\n\n".join(parts) + "\n"


def module_parts(name: str) -> list[str]:
    """A module of its own: what it is for, and the functions that are for users."""
    module = getattr(seqloom, name)
    parts = [f"## seqloom.{name}", inspect.getdoc(module) or ""]
    for inner in PUBLIC[name]:
        parts += [f"### {name}.{inner}", *function_parts(inner, getattr(module, inner))]
    return parts


def class_parts(thing: type) -> list[str]:
    parts = [inspect.getdoc(thing) or ""]
    owners = [owner for owner in thing.__mro__ if owner.__module__.startswith("seqloom.")]
    members = {name: member for owner in reversed(owners) for name, member in vars(owner).items()}
    for name, member in members.items():
        if name.startswith("_") or not inspect.isfunction(member):
            continue
        parts += [f"### {thing.__name__}.{name}", *function_parts(name, member)]
    return parts


def function_parts(name: str, function: Any) -> list[str]:
    signature = inspect.signature(function)
    shown: list[str] = []
    for each in signature.parameters.values():
        if each.name == "self":
            continue
        if each.kind is each.KEYWORD_ONLY and "*" not in shown:
            shown.append("*")
        default = "" if each.default is each.empty else f" = {each.default!r}"
        shown.append(f"{each.name}: {each.annotation}{default}")
    lines = "".join(f"    {text},\n" for text in shown)
    call = f"{name}(\n{lines})" if shown else f"{name}()"
    return [f"```python\n{call} -> {signature.return_annotation}\n```", inspect.getdoc(function) or ""]


if __name__ == "__main__":
    sys.exit(main())
