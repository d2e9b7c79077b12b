"""seqloom explain: what becomes of an answer when a part of its input is left out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.cli.options import Json, ModelArgument, SettingOptions, Tags, with_tags

if TYPE_CHECKING:
    from seqloom.explanation import Explanation

LOOKED = 0.05
"""Tokens with less than this share of the attention are left out of the list."""


def explain(
    model: ModelArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The input.", show_default=False)],
    as_json: Json = False,
    settings: SettingOptions = None,
    tags: Tags = None,
    engine: Annotated[
        str, typer.Option("--engine", metavar="NAME", help="torch, onnx, or auto for torch if it is installed.")
    ] = "auto",
) -> None:
    """Explain an answer: leave out each word in turn, or each character of a single word, and answer again.

    For each part the answer without it is printed, and the change of the first answer's log-probability: negative
    where the part speaks for that answer.
    """
    from seqloom.data import Source
    from seqloom.explanation import explain as explained
    from seqloom.loading import load

    chosen = load(model, engine=engine).with_settings(with_tags(settings, tags))
    found = explained(chosen, Source(text))
    if as_json:
        typer.echo(json.dumps(found.to_json(), ensure_ascii=False))
        return
    _print(found)


def _print(found: Explanation) -> None:
    from seqloom.cli.printing import plain_console, plain_table, short

    answer = found.answer
    share = answer.probabilities.get(answer.label)
    typer.echo(f"answer: {answer.text}{'' if share is None else f', with a probability of {share:.3f}'}")
    table = plain_table(f"without the {found.unit}", "answer", "change")
    for each in found.without:
        same = each.answer == answer.text
        shown = "the same" if same else short(each.answer, 40)
        change = "" if each.change is None else f"{each.change:+.2f}"
        table.add_row(short(each.part, 24), shown, change)
    plain_console().print(table)
    looked = [f"{token} {weight:.0%}" for token, weight in found.looked_at if weight >= LOOKED]
    if looked:
        typer.echo(f"attention, on average: {', '.join(looked)}")
    if any(each.change is not None for each in found.without):
        typer.echo("change: of the natural logarithm of the answer's probability", err=True)
