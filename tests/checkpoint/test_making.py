"""What is told of how a model was made."""

from __future__ import annotations

from seqloom.checkpoint.making import making

RECORD = {
    "stated": {"model.hidden": 64, "data.references": ["ref"]},
    "given": {"model.hidden": 64, "model.dropout": 0.2},
    "plan": {
        "facts": {"task": "words"},
        "choices": [{"settings": {"model.attention": {"kind": "dot"}}, "why": "it is fast", "measured": "no"}],
        "notes": ["plan: it takes a minute"],
    },
    "notices": ["measures: per"],
    "warnings": ["only 3 updates"],
    "threads": 2,
}


def test_what_was_given_is_told_from_what_was_planned() -> None:
    """The defaults that a plan replaced are neither."""
    assert making({"record": RECORD}) == {
        "given: model.hidden": 64,
        "given: data.references": "ref",
        "planned: model.attention.kind": "dot, as it is fast",
        "threads": 2,
        "pairs: task": "words",
        "notice 1": "measures: per",
        "warning 1": "only 3 updates",
        "note on the plan 1": "plan: it takes a minute",
    }
