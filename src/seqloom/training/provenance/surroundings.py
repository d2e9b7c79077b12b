"""Facts about where a run happens: versions of packages, commit of the working folder, the machine."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

PACKAGES = ("seqloom", "torch", "tokenizers", "numpy")
CPUINFO = Path("/proc/cpuinfo")
PATIENCE = 10.0
"""Seconds after which a git command is given up."""


def surroundings() -> dict[str, Any]:
    """Return the current time, the versions of the packages, the git commit of the working folder, and the machine."""
    facts = {"versions": versions(), "git": git_state(), "machine": machine()}
    known = {name: value for name, value in facts.items() if value is not None}
    return {"started": datetime.now(UTC).isoformat(timespec="seconds"), **known}


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that affect the trained weights."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def git_state(folder: Path | None = None) -> dict[str, Any] | None:
    """Return the commit of the working folder and whether tracked files differ from it; None outside a repository."""
    commit = _git("rev-parse", "HEAD", folder=folder)
    changes = _git("status", "--porcelain", "--untracked-files=no", folder=folder)
    return None if commit is None or changes is None else {"commit": commit, "dirty": bool(changes)}


def machine() -> dict[str, Any]:
    """Return the system, the processor, the number of cores that this process may use, the memory in GiB, and the
    GPUs."""
    facts: dict[str, Any] = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }
    if hasattr(os, "sysconf") and {"SC_PAGE_SIZE", "SC_PHYS_PAGES"} <= os.sysconf_names.keys():
        facts["memory_gib"] = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    if torch.cuda.is_available():
        facts["gpus"] = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    return facts


def _processor() -> str:
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _git(*arguments: str, folder: Path | None) -> str | None:
    """Return the output of a git command; None where git is not installed, fails, or takes too long."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout.strip()
