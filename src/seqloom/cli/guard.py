"""How commands end: errors that a user can mend become a message and exit code 2, never a traceback.

Of several processes that `torchrun` has started, one reports an error and the others exit silently.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from seqloom.errors import DiskError, SeqloomError, absent
from seqloom.streams import STANDARD_OUTPUT

FAILED, USER_ERROR, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141


class Guard(TyperGroup):
    """A group of commands whose errors become messages on standard error."""

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
            if not _several():
                typer.echo(str(interrupt) or "interrupted", err=True)
            elif str(interrupt) and os.environ.get("RANK") == "0":
                typer.echo(str(interrupt), err=True)
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
        except Exception:
            if _speaks():
                raise
            raise typer.Exit(FAILED) from None
        return result


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
