"""A lock on the output folder, so that only one run writes into it, and a file beside it that says which process holds
it.

It is a lock of the operating system, which releases it when the process ends, however it ends: a killed run does not
block the folder. On one machine that always holds. Between machines that share a folder it holds where the file system
supports locks (NFS version 4, version 3 with its lock service, and most cluster file systems); there the lock of a
machine that has crashed is released when the server's lease on it expires. Where the system has no locks at all, a file
takes the place of the lock, and one that another machine left behind must be removed by hand.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from seqloom.checkpoint.files import disk_errors, make_folder
from seqloom.errors import ConfigError, DiskError

LOCK, OWNER = "run.lock", "run.owner.json"
LOCKS = (LOCK, OWNER)


HANDOVER = 120.0
"""Seconds to wait until an earlier group of processes that is ending releases the folder: longer than a launcher
takes."""


@contextlib.contextmanager
def sole_writer(folder: Path, patience: float = 0.0) -> Iterator[str]:
    """Hold the lock on `folder`, which is made if need be; yields which process held it before and died, or an empty
    string.

    Waits up to `patience` seconds for another process that holds the lock, then raises ConfigError. Both files are
    removed at the end, and so is a new folder into which nothing was put.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError("the output must be a folder, not a file", where=str(folder))
    new = not folder.exists()
    lock = FileLock(folder / LOCK, thread_local=False)
    with disk_errors(folder):
        _acquire(lock, folder, patience)
    try:
        before = _owner(folder)
        with disk_errors(folder):
            owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}
            (folder / OWNER).write_text(json.dumps(owner) + "\n", encoding="utf-8")
        yield f"process {before['pid']} on {before['host']}, since {before['since']}" if before else ""
    finally:
        with contextlib.suppress(OSError):
            (folder / OWNER).unlink(missing_ok=True)
            (folder / LOCK).unlink(missing_ok=True)
        lock.release()
        if new:
            with contextlib.suppress(OSError):  # it fails where the folder is not empty
                folder.rmdir()


def _acquire(lock: FileLock, folder: Path, patience: float) -> None:
    until = time.monotonic() + patience
    while not lock.is_locked:
        make_folder(folder)
        try:
            lock.acquire(timeout=max(0.0, until - time.monotonic()), poll_interval=0.5)
        except Timeout:
            raise _busy(folder) from None
        except FileNotFoundError:  # the process that held the lock has removed the folder
            if time.monotonic() > until:
                raise
        except OSError as error:
            if error.errno != errno.ENOLCK:
                raise
            raise _lockless(folder) from error


def _busy(folder: Path) -> ConfigError:
    owner = _owner(folder)
    if owner is None:
        return ConfigError("another run is writing into the folder", where=str(folder), hint="name another folder")
    return ConfigError(
        f"another run is writing into the folder: process {owner['pid']} on {owner['host']}, since {owner['since']}",
        where=str(folder),
        hint=f"wait for it, stop it with kill {owner['pid']} on {owner['host']}, or name another folder",
    )


def _lockless(folder: Path) -> DiskError:
    hint = "have the lock service of its server started (NFS: lockd, statd), or name a folder on another file system"
    return DiskError("the file system gives no locks at the moment", where=str(folder), hint=hint)


def _owner(folder: Path) -> dict[str, Any] | None:
    try:
        owner = json.loads((folder / OWNER).read_bytes())
        return owner if {"pid", "host", "since"} <= owner.keys() else None
    except (OSError, ValueError, AttributeError):
        return None


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
