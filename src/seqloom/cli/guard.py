"""How commands end: errors that a user can mend become a message and exit code 2, never a traceback.

Of several processes that `torchrun` has started, one reports an error and the others exit silently.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from seqloom.errors import ConfigError, DiskError, SeqloomError, absent
from seqloom.streams import STANDARD_OUTPUT

TYPED = "seqloom.typed"
"""Where the arguments of the command line are kept in a context."""
SHOULD = "Input should be "
"""How a message of pydantic on a value begins."""
FAILED, USER_ERROR, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141


class Guard(TyperGroup):
    """A group of commands whose errors become messages on standard error."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep what was typed, for messages about options that there are not."""
        ctx.meta[TYPED] = tuple(args)
        return list(super().parse_args(ctx, args))

    def invoke(self, ctx: Any) -> Any:
        """Run a command; the exit code is 130 after Ctrl-C, and 141 if the reader of the output has gone away."""
        try:
            with _plain_warnings():
                result = super().invoke(ctx)
            sys.stdout.flush()
        except (SeqloomError, ModuleNotFoundError) as error:
            said = _in_our_words(error)
            if _speaks():
                typer.echo(f"error: {said.on_command_line}", err=True)
            raise typer.Exit(USER_ERROR) from None
        except KeyboardInterrupt as interrupt:
            _say_stopped(interrupt)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            raise typer.Exit(BROKEN_PIPE) from None
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            if _speaks():
                typer.echo(f"error: {where}{error.strerror or error}", err=True)
            raise typer.Exit(USER_ERROR) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            foreign = unknown_option(error, ctx.meta[TYPED]) or wrong_value(error, ctx.meta[TYPED])
            if _speaks():
                if foreign is None:
                    raise
                typer.echo(f"error: {foreign.on_command_line}", err=True)
            raise typer.Exit(USER_ERROR if foreign else FAILED) from None
        return result


def unknown_option(error: Exception, typed: Sequence[str]) -> ConfigError | None:
    """The error that says what an unknown option is called here; None for errors of another kind."""
    flag, context = getattr(error, "option_name", None), getattr(error, "ctx", None)
    if flag is None or context is None or type(error).__name__ != "NoSuchOption":  # typer does not make the class known
        return None
    from seqloom.cli.foreign_flags import advice

    place = next((number for number, each in enumerate(typed) if each.startswith(flag)), None)
    value = None
    if place is not None:
        flag, _, value = typed[place].partition("=")
        after = typed[place + 1] if place + 1 < len(typed) else "-"
        value = value or (None if after.startswith("-") else after)
    options = [name for parameter in context.command.params for name in parameter.opts if name.startswith("-")]
    command = context.command_path.partition(" ")[2]
    whole = f"seqloom {command}".strip()
    close = get_close_matches(flag, options, n=1, cutoff=0.7)
    hint = advice(flag, value, command, options) or (
        f"did you mean {close[0]}?" if close else f"{whole} --help lists the options"
    )
    return ConfigError(f"{whole} has no option {flag}", hint=hint)


def wrong_value(error: Exception, typed: Sequence[str]) -> ConfigError | None:
    """The error that says what the value of an option must be, and what came; None for errors of another kind."""
    options = getattr(getattr(error, "param", None), "opts", ())
    asked = str(getattr(error, "message", "")).partition(", unable to")[0]
    if type(error).__name__ != "BadParameter" or not asked.startswith(SHOULD):  # typer does not make the class known
        return None
    for number, each in enumerate(typed):
        flag, _, value = each.partition("=")
        if flag in options:
            came = value or (typed[number + 1] if number + 1 < len(typed) else "")
            return ConfigError(f"{flag} must be {asked.removeprefix(SHOULD)}, not {came}")
    return None


@contextmanager
def beside(product: Path) -> Iterator[None]:
    """Allow standard output to fail inside: the result is already in the files at `product`.

    If standard output is closed or full, a note says so and the command succeeds all the same.
    """
    try:
        yield
        sys.stdout.flush()
    except DiskError as error:
        if error.where != STANDARD_OUTPUT:
            raise
        typer.echo(f"note: {STANDARD_OUTPUT} {error.message}; the result is in {product}", err=True)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Warnings of our own are notes; others are shown as Python shows them."""
    shown = warnings.showwarning  # the filter names no class: that would import what a command may not need

    def show(message: Warning | str, category: type[Warning], *more: Any, **others: Any) -> None:
        if category.__name__ in ("PluginWarning", "MissingGlyphWarning"):
            typer.echo(f"note: {message}", err=True)
        else:
            shown(message, category, *more, **others)

    with warnings.catch_warnings():
        warnings.filterwarnings("always", message=r".*: the plugin .* has changed", category=UserWarning)
        warnings.showwarning = show
        yield


def _say_stopped(interrupt: KeyboardInterrupt) -> None:
    """Say that the command was stopped, once: of several processes the first one says it, if there is more to say."""
    if not _several() or (str(interrupt) and os.environ.get("RANK") == "0"):
        typer.echo(str(interrupt) or "interrupted", err=True)


def _in_our_words(error: SeqloomError | ModuleNotFoundError) -> SeqloomError:
    """The error itself, or for a missing package the error that says how to install it."""
    said = error if isinstance(error, SeqloomError) else absent(error, "this command")
    if isinstance(said, SeqloomError):
        return said
    raise error


def _several() -> bool:
    """Whether a launcher has started several processes."""
    return os.environ.get("WORLD_SIZE", "1") != "1"


def _speaks() -> bool:
    """Whether this process is the one that reports an error."""
    if not _several():
        return True
    from seqloom.training.group import speaks

    return speaks()
