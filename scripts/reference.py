"""Writes docs/reference from the code: the commands' help, and the docstrings of what `seqloom` exports.

With --check nothing is written: exit code 1 where a page is not fresh.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

import seqloom
from docstrings import Callable, Class, callable_markdown, class_markdown, prose, read
from seqloom.cli.main import app
from seqloom.config import OneOf, Section
from seqloom.planning import shown_settings
from seqloom.planning.facts import TASKS
from seqloom.planning.rule import MANY
from seqloom.planning.rules import RULES
from seqloom.planning.updates import SHARES, UPDATES
from seqloom.training import RunConfig

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
SETTINGS = Path(__file__).parents[1] / "src" / "seqloom" / "cli" / "settings.txt"
"""What the shell completes settings from."""
PUBLIC = {
    "combining": ("Rescoring", "Voting", "BayesRisk", "load_combination", "save_combination"),
    "examples": ("write",),
    "plugins": ("use", "in_use"),
    "testing": ("check_attention", "check_cell", "check_encoder", "check_metric", "check_reader", "check_network"),
}
"""What users call in modules that hold more."""
NOTE = "<!-- made by scripts/reference.py (make docs): do not edit -->"


def main() -> int:
    pages = {
        FOLDER / "cli.md": commands_page(),
        FOLDER / "python.md": python_page(),
        FOLDER / "plan.md": plan_page(),
        SETTINGS: settings_list(),
    }
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


def settings_list() -> str:
    """A line for each setting: its dotted name, and its values where these are a few, or its default."""
    lines: dict[str, tuple[str, ...]] = {}
    for name, field in settings_of(RunConfig):
        values = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        chooser = next((mark for mark in field.metadata if isinstance(mark, OneOf)), None)
        if chooser is not None:
            values = tuple(chooser.table())
        elif not values and isinstance(field.default, bool):
            values = (True, False)
        elif not values and isinstance(field.default, str | int | float) and field.default != "":
            values = (field.default,)
        lines.setdefault(name, tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in values))
    return "".join("\t".join((name, *values)) + "\n" for name, values in lines.items())


def settings_of(section: type[Section], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Dotted names of all settings, over every member of a family."""
    for key, field in section.model_fields.items():
        members = [member for mark in field.metadata if isinstance(mark, OneOf) for member in mark.table().values()]
        kind = field.annotation
        if members or not (isinstance(kind, type) and issubclass(kind, Section)):
            yield prefix + key, field
        else:
            members = [kind]
        for member in members:
            yield from settings_of(member, f"{prefix}{key}.")


def plan_page() -> str:
    """The rules of plans as tables."""
    head = ["settings", "for", "pairs", "reason", "measured"]
    rows = [
        [
            "<br>".join(f"`{name} = {value}`" for name, value in shown_settings(rule.settings)),
            ", ".join(rule.tasks) if len(rule.tasks) < len(TASKS) else "all",
            span(*rule.pairs),
            rule.why,
            rule.measured,
        ]
        for rule in RULES
    ]
    lengths = [
        [task, span(least, most), f"{updates:,}"]
        for task, steps in UPDATES.items()
        for (least, _), (most, updates) in zip([(0, 0), *steps], steps, strict=False)
    ]
    kinds = [[task, TASKS[task]] for task in TASKS]
    parts = [
        NOTE,
        "# What training chooses",
        "Settings that are not given are chosen by the first of these rules that names them and holds for the training "
        "pairs.\nA setting that is given stays. How to see and change the choices: [plans](../guides/plans.md).",
        table(head, rows),
        "## Kinds of pairs",
        table(["kind", "meaning"], kinds),
        "## Updates",
        'With `plan.effort = "quick"`, ' + f"{SHARES['quick']:.0%} of these:",
        table(["kind", "pairs", "updates"], lengths),
    ]
    return "\n\n".join(parts) + "\n"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def span(least: int, most: int) -> str:
    """A range of numbers of pairs in words."""
    if most >= MANY:
        return f"{least:,} and more" if least else "any"
    return f"{least:,} to {most - 1:,}" if least else f"fewer than {most:,}"


def python_page() -> str:
    """What `seqloom` exports: functions, then classes, then errors."""
    parts = [NOTE, "# Python", prose(inspect.getdoc(seqloom) or "")]
    things = {name: getattr(seqloom, name) for name in sorted(seqloom.__all__) if name != "__version__"}
    classes = {name: thing for name, thing in things.items() if inspect.isclass(thing)}
    for name, thing in things.items():
        if name not in classes:
            parts += callable_markdown(declared(thing), 2, name)
    for thing in classes.values():
        if not issubclass(thing, Exception):
            parts += class_markdown(whole(thing), 2)
    errors = [thing for thing in classes.values() if issubclass(thing, Exception)]
    parts += ["## Errors", *error_lines(errors)]
    for name in PUBLIC:
        parts += module_parts(name)
    return "\n\n".join(part for part in parts if part) + "\n"


def declared(thing: Any) -> Callable:
    """A function as it stands in the source."""
    module = read(Path(inspect.getfile(inspect.unwrap(thing))))
    return next(each for each in module.functions if each.name == thing.__name__)


def declared_class(thing: type) -> Class:
    """A class as it stands in the source."""
    module = read(Path(inspect.getfile(thing)))
    return next(each for each in module.classes if each.name == thing.__name__)


def whole(thing: type) -> Class:
    """A class with what it inherits from other classes of the package."""
    owners = [declared_class(owner) for owner in reversed(thing.__mro__) if owner.__module__.startswith("seqloom.")]
    own = owners[-1]
    fields = {field.name: field for owner in owners for field in owner.fields}
    methods = {method.name: method for owner in owners for method in owner.methods}
    return replace(own, fields=tuple(fields.values()), methods=tuple(methods.values()))


def error_lines(errors: list[type]) -> list[str]:
    """Each error with its base and what it means; the base of all first."""
    ordered = sorted(errors, key=lambda error: (len(error.__mro__), error.__name__))
    return [f"### {error.__name__}\n\n{prose(inspect.getdoc(error) or '')}" for error in ordered]


def module_parts(name: str) -> list[str]:
    """A public module of its own: what it is for, and its classes and functions for users."""
    module = getattr(seqloom, name)
    parts = [f"## seqloom.{name}", prose(inspect.getdoc(module) or "")]
    for inner in PUBLIC[name]:
        thing = getattr(module, inner)
        if inspect.isclass(thing):
            parts += class_markdown(whole(thing), 3)
        else:
            parts += callable_markdown(declared(thing), 3, f"{name}.{inner}")
    return parts


if __name__ == "__main__":
    sys.exit(main())
