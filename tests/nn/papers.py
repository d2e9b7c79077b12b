"""The papers' equations in float64 NumPy: one row, one step, naive loops, nothing shared with the package."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from torch import nn

Array = npt.NDArray[np.float64]
Weights = Mapping[str, Array]


def weights_of(module: nn.Module) -> dict[str, Array]:
    """A module's weights by name."""
    return {name: weight.detach().numpy().astype(np.float64) for name, weight in module.state_dict().items()}


def below(weights: Weights, prefix: str) -> dict[str, Array]:
    """The weights whose names begin with `prefix.`, without it."""
    return {name.removeprefix(prefix + "."): w for name, w in weights.items() if name.startswith(prefix + ".")}


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def elman(w: Weights, x: Array, h: Array) -> Array:
    """Elman 1990: h' = tanh(W x + U h + b)."""
    return np.tanh(w["weight_ih"] @ x + w["bias_ih"] + w["weight_hh"] @ h + w["bias_hh"])


def gru(w: Weights, x: Array, h: Array) -> Array:
    """Cho et al. 2014 with the reset gate after the recurrent product; z keeps the old state."""
    wr, wz, wn = np.split(w["weight_ih"], 3)
    ur, uz, un = np.split(w["weight_hh"], 3)
    br, bz, bn = np.split(w["bias_ih"], 3)
    cr, cz, cn = np.split(w["bias_hh"], 3)
    r = sigmoid(wr @ x + br + ur @ h + cr)
    z = sigmoid(wz @ x + bz + uz @ h + cz)
    n = np.tanh(wn @ x + bn + r * (un @ h + cn))
    return (1 - z) * n + z * h


def lstm(w: Weights, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000."""
    wi, wf, wg, wo = np.split(w["weight_ih"], 4)
    ui, uf, ug, uo = np.split(w["weight_hh"], 4)
    bi, bf, bg, bo = np.split(w["bias_ih"] + w["bias_hh"], 4)
    i, f, o = sigmoid(wi @ x + ui @ h + bi), sigmoid(wf @ x + uf @ h + bf), sigmoid(wo @ x + uo @ h + bo)
    after = f * c + i * np.tanh(wg @ x + ug @ h + bg)
    return o * np.tanh(after), after


def layer_norm(x: Array, gain: Array, bias: Array | float = 0.0) -> Array:
    """Ba et al. 2016, eq. 4."""
    centred = x - x.mean()
    return np.asarray(gain * centred / np.sqrt((centred**2).mean() + 1e-5) + bias)


def layer_norm_lstm(w: Weights, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """Ba et al. 2016, eqs. 20-22."""
    gates = layer_norm(w["weight_hh"] @ h, w["norm_h.weight"]) + layer_norm(w["weight_ih"] @ x, w["norm_x.weight"])
    i, f, g, o = np.split(gates + w["bias_ih"] + w["bias_hh"], 4)
    after = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(layer_norm(after, w["norm_c.weight"], w["norm_c.bias"])), after


def softmax(scores: Array) -> Array:
    raised = np.exp(scores - scores.max())
    return np.asarray(raised / raised.sum(), dtype=np.float64)


def sparsemax(scores: Array) -> Array:
    """The p on the simplex nearest to the scores: Σ max(e - τ, 0) = 1, τ by bisection."""
    return _by_bisection(lambda tau: np.maximum(scores - tau, 0), scores.max() - 1, scores.max())


def entmax15(scores: Array) -> Array:
    """Peters et al. 2019: p = max(e/2 - τ, 0)² with Σ p = 1, τ by bisection."""
    half = scores / 2
    return _by_bisection(lambda tau: np.maximum(half - tau, 0) ** 2, half.max() - 1, half.max())


def _by_bisection(weights: Callable[[float], Array], low: float, high: float) -> Array:
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if weights(middle).sum() > 1 else (low, middle)
    return weights(low)


NORMALISERS: dict[str, Callable[[Array], Array]] = {"softmax": softmax, "sparsemax": sparsemax, "entmax15": entmax15}


Past = list[list[Array]]
"""The weights of all heads over the source, [step][head][position], of the steps before."""


def located(w: Weights, value: Array, position: int, head: int, past: Past, size: int) -> Array:
    """U f_ij with f_i = F * α_{i-1} (Chorowski et al. 2015, eqs. 8-9); F reads the weights of all heads."""
    channels, heads, width = w["filters"].shape
    before = np.array(past[-1]) if past else np.zeros((heads, size))
    features = np.zeros(channels)
    for channel in range(channels):
        for each in range(heads):
            for tap in range(width):
                at = position + tap - width // 2
                features[channel] += w["filters"][channel, each, tap] * before[each, at] if 0 <= at < size else 0
    return np.asarray(w["location.weight"] @ features)


def located_by_all(w: Weights, value: Array, position: int, head: int, past: Past, size: int) -> Array:
    """The same from the sum of all earlier weights (Shen et al. 2018, §2.2)."""
    return located(w, value, position, head, [list(np.sum(past, 0))] if past else [], size)


def covered(w: Weights, value: Array, position: int, head: int, past: Past, size: int) -> Array:
    """V_a C_{i-1,j} with C_{i-1,j} = Σ_k α_kj / Φ_j and Φ_j = N σ(U_f h_j), N = 2 (Tu et al. 2016)."""
    fertility = 2 * sigmoid(w["fertility.weight"][head] @ value)
    return np.asarray(sum(float(weights[head][position]) for weights in past) / fertility * w["covered"].reshape(-1))


HISTORIES: dict[str, Callable[[Weights, Array, int, int, Past, int], Array]] = {
    "location_sensitive": located,
    "cumulative": located_by_all,
    "coverage": covered,
}
"""What is added inside the tanh of additive attention because of the steps before."""


def score(
    kind: str, w: Weights, query: Array, value: Array, position: int, head: int, heads: int, past: Past, size: int
) -> float:
    """The score of one source position of `size` by one head, the whole position's vector at hand."""
    part = slice(head * (len(query) // heads), (head + 1) * (len(query) // heads))
    if kind == "dot":  # Luong et al. 2015, §3.1
        return float(query[part] @ value[part])
    if kind == "general":
        return float(query[part] @ (w["key.weight"] @ value)[part] / np.sqrt(len(query)))  # the matrix is √Q W_a
    if kind == "location":  # eq. 8: row `position` of W_a
        rows = np.split(w["position.weight"], heads)[head]
        return float(rows[position] @ query) if position < len(rows) else -np.inf
    if kind == "scaled_dot":  # Vaswani et al. 2017, eq. 1
        q, k = w["query.weight"] @ query + w["query.bias"], w["key.weight"] @ value
        width = len(q) // heads
        part = slice(head * width, (head + 1) * width)
        return float(q[part] @ k[part] / np.sqrt(width))
    if kind == "concat":  # Luong et al. 2015, §3.1, the concatenation built
        hidden = np.tanh(w["weight"] @ np.concatenate([query, value]))
    elif kind in ("additive", *HISTORIES):  # Bahdanau et al. 2015, §A.1.2, and what comes from the steps before
        before = w["query.weight"] @ query + w["query.bias"] + w["key.weight"] @ value
        hidden = np.tanh(before + (HISTORIES[kind](w, value, position, head, past, size) if kind in HISTORIES else 0))
    else:
        raise ValueError(kind)
    return float(w["energy"][head] @ np.split(hidden, heads)[head])


def attend(
    kind: str,
    w: Weights,
    query: Array,
    values: list[Array],
    heads: int = 1,
    normaliser: str = "softmax",
    past: Past | None = None,
) -> tuple[Array, Array]:
    """Context and mean weights of one query over the real positions (Bahdanau et al. 2015, eqs. 5-6).

    The weights of each head are added to `past`, those of the steps before.
    """
    past = [] if past is None else past
    contexts, looks = [], []
    for head in range(heads):
        scores = [score(kind, w, query, value, s, head, heads, past, len(values)) for s, value in enumerate(values)]
        weights = NORMALISERS[normaliser](np.array(scores))
        context = np.zeros(len(values[0]) // heads)
        for weight, value in zip(weights, values, strict=True):
            whole = value if heads == 1 else w["value_projection.weight"] @ value + w["value_projection.bias"]
            context += weight * np.split(whole, heads)[head]
        contexts.append(context)
        looks.append(weights)
    past.append(looks)
    return np.concatenate(contexts), np.mean(looks, axis=0)


def sinusoid(position: int, width: int) -> Array:
    """Vaswani et al. 2017, §3.5."""
    angles = [position / 10000 ** (2 * (i // 2) / width) for i in range(width)]
    return np.array([np.cos(a) if i % 2 else np.sin(a) for i, a in enumerate(angles)])


def self_attention(w: Weights, xs: list[Array], heads: int) -> list[Array]:
    """Vaswani et al. 2017, eq. 1 and §3.2.2: one head after the other, one position after the other."""
    wq, wk, wv = (np.split(block, heads) for block in np.split(w["projections.weight"], 3))
    bq, bk, bv = (np.split(block, heads) for block in np.split(w["projections.bias"], 3))
    found = []
    for x in xs:
        mixed = []
        for h in range(heads):
            query = wq[h] @ x + bq[h]
            weights = softmax(np.array([query @ (wk[h] @ y + bk[h]) / np.sqrt(len(query)) for y in xs]))
            mixed.append(sum(a * (wv[h] @ y + bv[h]) for a, y in zip(weights, xs, strict=True)))
        found.append(w["output.weight"] @ np.concatenate(mixed) + w["output.bias"])
    return found


def transformer_encoder(w: Weights, xs: list[Array], heads: int, layers: int) -> list[Array]:
    """The real positions of one row through layers whose norms come first (Xiong et al. 2020, table 1, right)."""
    if "projection.weight" in w:
        xs = [w["projection.weight"] @ x + w["projection.bias"] for x in xs]
    width, table = len(xs[0]), w.get("positions.weight")
    for s, x in enumerate(xs):
        place = sinusoid(s, width) if table is None else np.sqrt(width) * table[min(s, len(table) - 1)]
        xs[s] = x + place
    for index in range(layers):
        layer = below(w, f"layers.{index}")
        normed = [layer_norm(x, layer["attention_norm.weight"], layer["attention_norm.bias"]) for x in xs]
        looked = self_attention(below(layer, "attention"), normed, heads)
        xs = [x + y for x, y in zip(xs, looked, strict=True)]
        normed = [layer_norm(x, layer["feedforward_norm.weight"], layer["feedforward_norm.bias"]) for x in xs]
        inner = [np.maximum(layer["first.weight"] @ x + layer["first.bias"], 0) for x in normed]
        xs = [x + layer["second.weight"] @ y + layer["second.bias"] for x, y in zip(xs, inner, strict=True)]
    return [layer_norm(x, w["norm.weight"], w["norm.bias"]) for x in xs]
