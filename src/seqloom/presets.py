"""Presets: three sizes, one with a Transformer encoder, and the networks of four papers.

The classic presets reproduce the networks but keep Seqloom's optimiser and schedule. Where a paper trained differently,
`--set` can follow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRESETS: Mapping[str, Mapping[str, Any]] = {
    # about 1 M weights: words, names, pronunciations
    "small": {"model": {"embedding": 128, "hidden": 256, "decoder": {"layers": 1}}},
    # about 13 M weights at 8,000 symbols: some ten thousand sentences
    "base": {
        "model": {
            "embedding": 512,
            "hidden": 512,
            "dropout": 0.3,
            "encoder": {"layers": 2},
            "decoder": {"layers": 2},
        }
    },
    # about 60 M weights: hundreds of thousands of sentences and a GPU
    "large": {
        "model": {
            "embedding": 512,
            "hidden": 1024,
            "dropout": 0.3,
            "encoder": {"layers": 4, "residual": True},
            "decoder": {"layers": 4, "residual": True},
        }
    },
    # Chen et al. 2018, §5: a Transformer encoder and a recurrent decoder that attends with four heads from its lowest
    # layer; the size is one for a laptop
    "transformer-rnn": {
        "model": {
            "embedding": 256,
            "hidden": 256,
            "encoder": {"kind": "transformer", "layers": 4, "heads": 4},
            "attention": {"kind": "scaled_dot", "heads": 4},
            "decoder": {"layers": 2},
        },
        "training": {"schedule": {"warmup": 400}},
    },
    # Sutskever et al. 2014, §3: deep LSTMs, the source as one vector, read from its end
    "sutskever2014": {
        "data": {"reverse_source": True},
        "model": {
            "embedding": 1000,
            "hidden": 1000,
            "dropout": 0.0,
            "embedding_dropout": 0.0,
            "encoder": {"layers": 4, "bidirectional": "none"},
            "decoder": {"layers": 4, "attend": "none", "bridge": "copy", "readout": {"hidden": "none"}},
        },
        "training": {"label_smoothing": 0.0, "optimiser": {"clip_norm": 5.0}},
        "search": {"beam": 12, "length_penalty": "none"},
    },
    # Bahdanau et al. 2015, appendix A: GRUs, the previous state queries an alignment network, maxout readout
    "bahdanau2015": {
        "model": {
            "embedding": 620,
            "hidden": 1000,
            "cell": {"kind": "gru"},
            "dropout": 0.0,
            "embedding_dropout": 0.0,
            "encoder": {"layers": 1, "hidden": 2000},
            "attention": {"kind": "additive", "size": 1000},
            "decoder": {
                "layers": 1,
                "attend": "before",
                "bridge": "dense",
                "readout": {"hidden": "maxout", "size": 500, "reads_token": True},
            },
        },
        "training": {"label_smoothing": 0.0},
        "search": {"beam": 12, "length_penalty": "average"},
    },
    # Luong et al. 2015, §3 and §4.1: stacked LSTMs, general attention, input feeding, reversed source
    "luong2015": {
        "data": {"reverse_source": True},
        "model": {
            "embedding": 1000,
            "hidden": 1000,
            "dropout": 0.2,
            "embedding_dropout": 0.2,
            "encoder": {"layers": 4, "bidirectional": "none"},
            "attention": {"kind": "general"},
            "decoder": {
                "layers": 4,
                "attend": "feed",
                "bridge": "copy",
                "readout": {"hidden": "tanh", "size": 1000},
            },
        },
        "training": {"label_smoothing": 0.0, "optimiser": {"clip_norm": 5.0}},
        "search": {"beam": 10},
    },
    # Wu et al. 2016, §3: eight residual layers a side, the lowest decoder layer attends, GNMT's length penalty
    "gnmt2016": {
        "model": {
            "embedding": 1024,
            "hidden": 1024,
            "dropout": 0.2,
            "embedding_dropout": 0.2,
            "encoder": {"layers": 8, "bidirectional": "first", "residual": True},
            "attention": {"kind": "additive", "size": 1024},
            "decoder": {
                "layers": 8,
                "attend": "between",
                "residual": True,
                "bridge": "zero",
                "readout": {"hidden": "none"},
            },
        },
        "training": {"label_smoothing": 0.0, "optimiser": {"clip_norm": 5.0}},
        "search": {"length_penalty": "gnmt", "alpha": 0.2},
    },
}
"""For each preset, the settings that differ from the defaults."""
