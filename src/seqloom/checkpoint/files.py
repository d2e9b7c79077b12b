"""Atomic writing of files and folders: a killed process or a full disk never leaves a mixture of old and new files.

A new set of files is written and synced in `FOLDER/.staged.tmp`, which is then renamed to `FOLDER/.staged`. From this
moment on the new set is valid. Its files are then moved to their final places, one rename each. A writer that finds a
`.staged` folder finishes the moves first, and a reader looks for each file there first. In this way, single files can
be replaced while the folder also holds files that another process has open, such as a log.
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

from seqloom.data.python_pairs import described
from seqloom.data.whole_files import whole_file
from seqloom.errors import ConfigError, DiskError

STAGED = ".staged"
DESCRIPTORS = {"/dev/stdout": 1, "/dev/stderr": 2}
"""Paths of the standard streams, with the descriptors under which the process already has them open."""

Writer = Callable[[Path], None]
"""A function that writes a file to the given path."""


def folder_path(given: object) -> Path:
    """Check a model folder's path that was passed from Python; raises a `ConfigError` if it is not a path."""
    if not isinstance(given, str | os.PathLike):
        raise ConfigError(f"a model folder must be given by its path, not by {described(given)}")
    return Path(given)


def write_folder(folder: Path, files: Mapping[str, Writer], *, remove: frozenset[str] = frozenset()) -> None:
    """Write `files` into a new or existing folder in one atomic step, then delete the files named in `remove`."""
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
    """Finish a write that was interrupted after its files had been staged."""
    staged = folder / STAGED
    if staged.is_dir():
        for path in sorted(staged.iterdir()):
            path.replace(folder / path.name)
        sync(folder)
        staged.rmdir()


def place_of(folder: Path, name: str) -> Path:
    """The path of the current version of a file, which may still be in the staging folder."""
    staged = folder / STAGED / name
    return staged if staged.exists() else folder / name


def write_sibling(folder: Path, files: Mapping[str, Writer]) -> None:
    """Write a folder that does not exist yet: it is written and synced under a temporary name, then renamed."""
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
    """Write a file atomically: on an error, the existing file stays as it was."""
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
    """Open an output file of a command; the file is replaced only after everything has been written.

    The output may therefore also be one of the command's inputs. A symbolic link is followed. Of a file with several
    names (hard links), only the given name is changed. Anything that is not a regular file, such as `/dev/stdout` or a
    named pipe, is written to directly. Raises a `DiskError` if writing fails.
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
    """The descriptor that a path such as `/dev/fd/3` names, or standard output if it goes to this file; else None."""
    name = os.path.abspath(path)  # noqa: PTH100 - must not resolve the link /dev/stdout
    if name in DESCRIPTORS:
        return DESCRIPTORS[name]
    if numbered := re.fullmatch(rf"/dev/fd/(\d+)|/proc/(?:self|{os.getpid()})/fd/(\d+)", name):
        return int(numbered[1] or numbered[2])
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if os.path.samestat(path.stat(), os.fstat(sys.stdout.fileno())):
            return sys.stdout.fileno()
    return None


def text_writer(text: str) -> Writer:
    """A writer of `text` as UTF-8."""
    return bytes_writer(text.encode("utf-8"))


def bytes_writer(content: bytes) -> Writer:
    """A writer of `content`, unchanged."""

    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


@contextlib.contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn the system's errors while writing (disk full, read-only, a file in the way) into a `DiskError`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "make room or name another folder; what was there before is unharmed"
        raise DiskError(f"cannot be written: {reason.lower()}", where=str(folder), hint=hint) from error


def make_folder(folder: Path) -> None:
    """Create a folder and missing parents, and sync them, so that they survive a crash of the system."""
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in new:
        sync(each.parent)


def sync(path: Path) -> None:
    """Make the operating system write a file or folder to the disk (`fsync`)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
