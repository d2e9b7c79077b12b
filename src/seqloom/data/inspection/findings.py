"""The results of an inspection: all that looks wrong, worst first, and everything as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqloom.data.inspection.finding import Finding, joined
from seqloom.data.inspection.inspection import Inspection, Repeats, repeats_of
from seqloom.data.inspection.layout_findings import layout_findings
from seqloom.data.inspection.pair_findings import pair_findings
from seqloom.data.inspection.table_columns import Column
from seqloom.data.readers.report import shown_delimiter


def findings_of(found: Inspection, columns: Sequence[Column] = (), repeats: Repeats | None = None) -> list[Finding]:
    """All that looks wrong, the worst first, without what follows from another finding; `columns` are those of the
    table, if the pairs come from one."""
    repeats = repeats_of(found) if repeats is None else repeats
    every = [*layout_findings(found, columns), *pair_findings(found, repeats)]
    return joined(sorted(every, key=lambda each: each.weight))


def inspection_values(found: Inspection, columns: Sequence[Column] = ()) -> dict[str, Any]:
    """All results of an inspection as plain values for JSON."""
    repeats = repeats_of(found)
    median, p95, p99 = (float(each) for each in np.quantile(found.ratios, (0.5, 0.95, 0.99)))
    findings = findings_of(found, columns, repeats)
    return {
        "files": list(found.entries),
        "pairs": found.count,
        "bad_lines": found.read.bad_count,
        "empty": found.read.empty,
        "duplicates": repeats.duplicates,
        "identical": found.identical,
        "distinct_sources": len(repeats.sources),
        "distinct_targets": found.distinct_targets,
        "sources_with_several_targets": repeats.ambiguous,
        "contradictions": [each.to_json() for each in found.contradictions],
        "layout": _layout(found),
        "columns": [each.to_json() for each in columns],
        "lengths": {name: lengths.summary() for name, lengths in found.lengths.items()},
        "labels": dict(found.labels.most_common()),
        "length_ratio": {
            "median": median,
            "p95": p95,
            "p99": p99,
            "largest": float(found.ratios.max()),
            "largest_at": found.unlike_at,
        },
        "characters": {
            side: {
                "different": len(each.counts),
                "once": {character: each.places[character] for character in each.once},
                "counts": dict(each.counts.most_common()),
            }
            for side, each in found.characters.items()
        },
        "odd_characters": {
            side: {kind: {"texts": count, "first": each.first[kind]} for kind, count in sorted(each.odd.items())}
            for side, each in found.characters.items()
        },
        "against": [
            {
                "file": each.file,
                "pairs": each.count,
                "sources_seen": each.sources,
                "texts_seen": each.texts,
                "pairs_seen": each.pairs,
                "unknown_characters": {side: list(characters) for side, characters in each.unknown.items()},
            }
            for each in found.against
        ],
        "read": found.read.to_values(),
        "notes": [*found.read.sentences(), *(note for each in found.against for note in each.notes)],
        "findings": [each.to_json() for each in findings],
        "warnings": [each.sentence(flags=True) for each in findings],
    }


def _layout(found: Inspection) -> dict[str, str]:
    """How the first table was read, in words; empty for other formats."""
    for table in found.read.tables:
        header = ", ".join(table.header) if table.header else "none"
        delimiter = {"delimiter": shown_delimiter(table.delimiter)} if table.delimiter else {}
        return {"format": table.format, **delimiter, "header": header}
    return {}
