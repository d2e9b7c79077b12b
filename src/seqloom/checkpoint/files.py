"""Writing so that a kill or a full disk never leaves a folder between two states.

A new set of files is written and synced in `FOLDER/.staged.tmp`, which one rename turns into `FOLDER/.staged`: from
then on the set counts. Its files are then moved to their places, one rename each. Who finds a `.staged` folder
finishes the moves (a writer) or looks there first (a reader), so the folder can also hold files that somebody has
open, such as a log.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

from seqloom.data.values import described
from seqloom.data.whole_files import whole_file
from seqloom.errors import ConfigError, DiskError

STAGED = ".staged"
DESCRIPTORS = {"/dev/stdout": 1, "/dev/stderr": 2}
"""Names of streams that a process has open already."""

Writer = Callable[[Path], None]


def folder_path(given: object) -> Path:
    """The path of a model folder that was given from Python."""
    if not isinstance(given, str | os.PathLike) or isinstance(given, bytes):
        raise ConfigError(f"a model folder must be given by its path, not by {described(given)}")
    return Path(given)


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


@contextlib.contextmanager
def output_file(path: Path) -> Iterator[IO[bytes]]:
    """A file for what a command makes: it appears when all is written, and until then the old one stays as it is.

    So it may be one of the command's own inputs, by whatever name. A symbolic link is followed; of a file with several
    names (hard links) only the one that is given is changed. What is no ordinary file, such as `/dev/stdout` or a named
    pipe, is written to as it comes.
    """
    try:
        with _output(path) as stream:
            yield stream
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DiskError(
            f"cannot be written: {reason}", where=str(path), hint="make room or name another file"
        ) from error


def _output(path: Path) -> contextlib.AbstractContextManager[IO[bytes]]:
    descriptor = _descriptor(path)
    if descriptor is not None:
        return os.fdopen(os.dup(descriptor), "wb")
    if path.exists() and not path.is_file():
        return path.open("wb")
    return whole_file(path.resolve())


def _descriptor(path: Path) -> int | None:
    """The open stream that a path such as `/dev/fd/3` names, or that goes to this very file; None for other paths."""
    name = os.path.abspath(path)  # noqa: PTH100 - where /dev/stdout leads to is not asked here
    if name in DESCRIPTORS:
        return DESCRIPTORS[name]
    if numbered := re.fullmatch(rf"/dev/fd/(\d+)|/proc/(?:self|{os.getpid()})/fd/(\d+)", name):
        return int(numbered[1] or numbered[2])
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if os.path.samestat(path.stat(), os.fstat(sys.stdout.fileno())):
            return sys.stdout.fileno()
    return None


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
