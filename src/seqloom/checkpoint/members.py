"""The members of an ensemble as a model folder holds them: their networks and shares in `members.json`.

Their weights lie in the folder's one file of weights, with names that begin with `members.0.`, `members.1.`, and so on.
This module does not need torch.
"""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.files import Writer, place_of, text_writer
from seqloom.checkpoint.format import read_json_object
from seqloom.errors import ModelFolderError

if TYPE_CHECKING:
    from seqloom.ensemble_network import AnyEnsemble


@dataclass(frozen=True)
class StoredMember:
    """A member: its share in the mean, and the plain settings of its network."""

    share: float
    model: dict[str, Any]

    @property
    def attends(self) -> bool:
        """Whether its decoder looks at the source."""
        attend: str = self.model["decoder"]["attend"]
        return attend != "none"


def members_writer(network: AnyEnsemble) -> Writer:
    """A writer of `members.json`."""
    members = [
        {"share": share, "model": each.config.model_dump(mode="json")}
        for share, each in zip(network.shares, network.networks, strict=True)
    ]
    return text_writer(json.dumps({"members": members}, indent=2, ensure_ascii=False) + "\n")


def read_members(folder: Path, names: Container[str]) -> list[StoredMember]:
    """The members of the ensemble in a folder whose files are `names`; none where it holds a single model."""
    if layout.MEMBERS not in names:
        return []
    where = str(folder / layout.MEMBERS)
    values = read_json_object(place_of(folder, layout.MEMBERS).read_text(encoding="utf-8"), where)
    try:
        found = [StoredMember(float(each["share"]), dict(each["model"])) for each in values["members"]]
        positive = bool(found) and all(each.share > 0 and each.model["decoder"]["attend"] for each in found)
    except (KeyError, TypeError, ValueError):
        positive = False
    if not positive:
        raise ModelFolderError("must list members, each with a positive share and its model settings", where=where)
    return found
