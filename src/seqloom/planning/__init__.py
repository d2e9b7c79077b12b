"""Plans: settings that were not given, chosen from what the training pairs are like, each with its reason."""

from seqloom.planning.config import PlanConfig
from seqloom.planning.facts import Facts, Task, facts_of
from seqloom.planning.outlook import Outlook
from seqloom.planning.plan import NOT_CHOSEN, Choice, Plan, listed, make_plan, shown_settings

__all__ = [
    "NOT_CHOSEN",
    "Choice",
    "Facts",
    "Outlook",
    "Plan",
    "PlanConfig",
    "Task",
    "facts_of",
    "listed",
    "make_plan",
    "shown_settings",
]
