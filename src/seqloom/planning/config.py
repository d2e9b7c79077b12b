"""Settings of the plan: how much to spend on a model, and in which time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seqloom.config import Section

Effort = Literal["none", "quick", "normal", "best"]


class PlanConfig(Section):
    """How settings that are not given are chosen before training (`seqloom plan` shows the choices)."""

    effort: Effort = "normal"
    """How much to spend: `quick` for a first impression, `normal`, or `best`, which trains several models, combines
    them, and distils one model from them. `none` chooses nothing: what is not given has its default."""
    minutes: float = Field(default=0.0, ge=0)
    """Time in minutes that training should take on this machine, of which a measurement before training is made; 0
    leaves the length to the other settings."""
    tune_search: bool | Literal["auto"] = "auto"
    """Whether beam and length penalty are chosen on the dev data at the end of training. `auto` does so where a plan is
    made and neither of them is given."""
