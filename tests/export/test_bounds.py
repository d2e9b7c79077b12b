"""What a graph shows of how large its numbers can be, from step to step of its loops."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import parser

from seqloom.export.bounds import Bounds

CONSTANTS = {"three": np.array([-3.0, 2.0], np.float32)}
GATED = """
    scanned (int64[2] shape, float[S,N,2] given, bool[S,N,1] real) => (float[N,2] last) {
        begin = ConstantOfShape (shape)
        small = Mul (three, given_gate)
        given_gate = Sigmoid (given)
        last, grown, all = Scan <num_scan_inputs = 2, body = step
            (float[N,2] old, float[N,2] sum, float[N,2] now, bool[N,1] holds) =>
            (float[N,2] next, float[N,2] more, float[N,2] shown) {
                seen = Add (now, old)
                gate = Sigmoid (seen)
                candidate = Tanh (seen)
                way = Sub (old, candidate)
                part = Mul (PRODUCT)
                new = Add (SUM)
                next = Where (holds, new, old)
                more = Add (sum, next)
                shown = Add (next, now)
            }
        > (begin, begin, small, real)
    }
"""


def bounds(graph: onnx.GraphProto) -> Bounds:
    found = Bounds(CONSTANTS.get)
    found.learn(graph.node)
    for node in graph.node:
        if node.op_type in ("Loop", "Scan"):
            found.enter(node)
    return found


def gated(product: str = "gate, way", total: str = "candidate, part") -> Bounds:
    return bounds(parser.parse_graph(GATED.replace("PRODUCT", product).replace("SUM", total)))


def test_a_state_between_old_and_new_is_bounded_by_what_is_new() -> None:
    for product in ("gate, way", "way, gate"):
        for total in ("candidate, part", "part, candidate"):
            found = gated(product, total)
            inside = {name: found.of(name) for name in ("old", "now", "new", "next", "shown")}
            assert inside == {"old": 1, "now": 3, "new": 1, "next": 1, "shown": 4}
            assert (found.of("last"), found.of("all")) == (1, 4)


def test_a_state_that_grows_has_no_bound() -> None:
    found = gated()
    assert [found.of(name) for name in ("sum", "more", "grown")] == [None] * 3
    for product, total in (
        ("candidate, way", "candidate, part"),
        ("gate, way", "old, part"),
        ("gate, way", "way, part"),
    ):
        assert gated(product, total).of("last") is None


def test_a_loop_hands_on_what_it_begins_with_or_makes() -> None:
    graph = parser.parse_graph("""
        looped (int64 n, bool yes, float[2] x) => (float[2] wide) {
            wide, narrow, open = Loop (n, yes, three, zero, x) <body = step
                (int64 i, bool go, float[2] a, float[2] b, float[2] c) =>
                (bool again, float[2] next_a, float[2] next_b, float[2] next_c) {
                    again = Identity (go)
                    next_a = Tanh (c)
                    next_b, unused = If (go) <
                        then_branch = yes () => (float[2] t, float[2] u) { t = Sigmoid (c)  u = Identity (c) },
                        else_branch = no () => (float[2] e, float[2] f) { e = Identity (b)  f = Identity (a) }
                    >
                    next_c = Identity (unused)
                }
            >
            zero = Mul (nothing, three)
            nothing = ConstantOfShape (n)
        }
    """)
    found = bounds(graph)
    assert [found.of(name) for name in ("wide", "narrow", "open", "next_b", "unused")] == [3, 1, None, 1, None]
