"""Writing so that a kill or a full disk never leaves a folder between two states.

A new set of files is written and synced in `FOLDER/.staged.tmp`, which one rename turns into `FOLDER/.staged`: from
then on the set counts. Its files are then moved to their places, one rename each. Who finds a `.staged` folder
finishes the moves (a writer) or looks there first (a reader), so the folder can also hold files that somebody has
open, such as a log.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from seqloom.errors import DiskError

STAGED = ".staged"

Writer = Callable[[Path], None]


def write_folder(folder: Path, files: Mapping[str, Writer], *, remove: frozenset[str] = frozenset()) -> None:
    """Write a new folder complete in one rename, or replace `files` (and drop the names in `remove`) in an old one."""
    with disk_errors(folder):
        make_folder(folder)
        finish_staged(folder)
        staging = folder / f"{STAGED}.tmp"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        try:
            for name, write in files.items():
                write(staging / name)
                sync(staging / name)
            sync(staging)
            staging.rename(folder / STAGED)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        sync(folder)
        finish_staged(folder)
        for name in remove - set(files):
            (folder / name).unlink(missing_ok=True)


def finish_staged(folder: Path) -> None:
    """Complete an exchange that was cut short after its files had been staged."""
    staged = folder / STAGED
    if staged.is_dir():
        for path in sorted(staged.iterdir()):
            path.replace(folder / path.name)
        sync(folder)
        staged.rmdir()


def place_of(folder: Path, name: str) -> Path:
    """Where the current version of a file lies: in its place, or still staged."""
    staged = folder / STAGED / name
    return staged if staged.exists() else folder / name


def write_sibling(folder: Path, files: Mapping[str, Writer]) -> None:
    """Write a folder that does not exist yet: a temporary sibling first, synced, then renamed."""
    temporary = folder.with_name(f".{folder.name}.tmp")
    with disk_errors(folder):
        shutil.rmtree(temporary, ignore_errors=True)
        make_folder(folder.parent)
        temporary.mkdir()
        try:
            for name, write in files.items():
                write(temporary / name)
                sync(temporary / name)
            sync(temporary)
            temporary.rename(folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        sync(folder.parent)


def write_file(path: Path, write: Writer) -> None:
    """Write one file complete, or leave the one that is there."""
    temporary = path.with_name(f".{path.name}.tmp")
    with disk_errors(path):
        make_folder(path.parent)
        try:
            write(temporary)
            sync(temporary)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync(path.parent)


def text_writer(text: str) -> Writer:
    """Writes `text` as UTF-8."""
    return bytes_writer(text.encode("utf-8"))


def bytes_writer(content: bytes) -> Writer:
    """Writes `content` as it is."""

    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


@contextlib.contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Say in our words when the system refuses to write: a full disk, a read-only place, a file in the way."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "make room or name another folder; what was there before is unharmed"
        raise DiskError(f"cannot be written: {reason.lower()}", where=str(folder), hint=hint) from error


def make_folder(folder: Path) -> None:
    """Make a folder where there is none, and those above it, so that they are on the disk, too."""
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in new:
        sync(each.parent)


def sync(path: Path) -> None:
    """Have the operating system put a file or folder on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
