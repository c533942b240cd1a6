"""The Triton kernels for single weights, for the mean over heads, and for who sees a label.

For names see `triton_scores` and `triton_loops`.
"""

# ruff: noqa: ANN001, ANN201, N803, N806
# mypy: disable-error-code="import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl

from attnviz.attention.kernels.triton_scores import (
    NOTHING,
    SIZES,
    capped,
    loaded,
    seen,
    weights,
)


@triton.jit(do_not_specialize=SIZES)
def cells(
    Q, K, FIRST, LAST, HOLES, BIAS, LSE, SENTENCE, QUERY, KEY, SIGN, PARTS,
    n, m, heads, scale, cap,
    q_b, q_h, q_n, k_b, k_h, k_n, mask_b, holes_b, bias_b, bias_h, bias_i, bias_j,
    GROUP: tl.constexpr, D: tl.constexpr, DP: tl.constexpr, C: tl.constexpr,
    HAS_CAP: tl.constexpr, HAS_BIAS: tl.constexpr, HAS_HOLES: tl.constexpr,
):  # fmt: skip
    """The sum over C cells of a column of their weights times SIGN, in one head: PARTS [part, h].

    SIGN is 0 where a column has no more cells.
    """
    part = tl.program_id(0) // heads
    h = tl.program_id(0) % heads
    at = part.to(tl.int64) * C + tl.arange(0, C)
    b = tl.load(SENTENCE + at).to(tl.int64)
    i = tl.load(QUERY + at).to(tl.int64)
    j = tl.load(KEY + at).to(tl.int64)
    sign = tl.load(SIGN + at)
    d = tl.arange(0, DP)
    wide = d[None, :] < D
    at = Q + (b * q_b + i * q_n)[:, None] + h.to(tl.int64) * q_h + d[None, :]
    q = tl.load(at, mask=wide, other=0.0).to(tl.float32)
    at = K + (b * k_b + j * k_n)[:, None] + (h // GROUP).to(tl.int64) * k_h + d[None, :]
    k = tl.load(at, mask=wide, other=0.0).to(tl.float32)
    x = tl.sum(q * k, 1) * scale
    if HAS_CAP:
        x = capped(x, cap)
    if HAS_BIAS:
        x += tl.load(BIAS + b * bias_b + h * bias_h + i * bias_i + j * bias_j).to(tl.float32)
    ok = sign != 0
    ok = ok & (j >= tl.load(FIRST + b * mask_b + i)) & (j < tl.load(LAST + b * mask_b + i))
    if HAS_HOLES:
        ok = ok & (tl.load(HOLES + b * holes_b + i * m + j) != 0)
    lse = tl.load(LSE + (b * heads + h) * n + i)
    p = tl.exp(tl.where(ok, x, NOTHING) - lse)
    tl.store(PARTS + part.to(tl.int64) * heads + h, tl.sum(p * sign, 0))


@triton.jit(do_not_specialize=SIZES)
def sums(PARTS, ENDS, OUT, heads, HP: tl.constexpr):
    """Adds the parts of each group up in their order: OUT [group, h], float32."""
    group = tl.program_id(0).to(tl.int64)
    h = tl.arange(0, HP)
    total = tl.zeros((HP,), tl.float64)
    for part in range(tl.load(ENDS + group), tl.load(ENDS + group + 1)):
        at = PARTS + part * heads + h
        total += tl.load(at, mask=h < heads, other=0.0).to(tl.float64)
    tl.store(OUT + group * heads + h, total.to(tl.float32), mask=h < heads)


@triton.jit(do_not_specialize=SIZES)
def mean(
    Q, K, FIRST, LAST, FROM, TO, WHOLE_FROM, WHOLE_TO, HOLES, BIAS, LSE, OUT,
    n, m, heads, scale, cap,
    q_b, q_h, q_n, k_b, k_h, k_n, mask_b, block_b, holes_b, bias_b, bias_h, bias_i, bias_j,
    GROUP: tl.constexpr, D: tl.constexpr, DP: tl.constexpr, B: tl.constexpr,
    HAS_CAP: tl.constexpr, HAS_BIAS: tl.constexpr, HAS_HOLES: tl.constexpr, SPLIT: tl.constexpr,
    FTZ: tl.constexpr, UP: tl.constexpr,
):  # fmt: skip
    """A tile of the mean over heads, OUT [b, i, j]."""
    across, down = tl.cdiv(m, B), tl.cdiv(n, B)
    start, step = tl.program_id(0) % across * B, tl.program_id(0) // across % down
    b = tl.program_id(0) // across // down
    b64 = b.to(tl.int64)
    j, i = start + tl.arange(0, B), step * B + tl.arange(0, B)
    d = tl.arange(0, DP)
    HOLES += b64 * holes_b
    bounds = b * block_b + step
    any_seen = (start < tl.load(TO + bounds)) & (start + B > tl.load(FROM + bounds))
    total = tl.zeros((B, B), tl.float32)
    for h in range(tl.where(any_seen, heads, 0)):
        h64 = b64 * 0 + h
        k = tl.trans(loaded(K + b64 * k_b + h64 // GROUP * k_h, j, k_n, d, m, D, DP, UP))
        total += weights(
            Q + b64 * q_b + h64 * q_h, k, FIRST, LAST, WHOLE_FROM, WHOLE_TO, HOLES,
            BIAS + b64 * bias_b + h64 * bias_h, LSE + (b64 * heads + h) * n, b, i, j, step, d, n, m,
            scale, cap, q_n, mask_b, block_b, bias_i, bias_j,
            D, DP, B, HAS_CAP, HAS_BIAS, HAS_HOLES, SPLIT, FTZ, UP,
        )  # fmt: skip
    at = OUT + (b64 * n + i[:, None]) * m + j[None, :]
    tl.store(at, total / heads, mask=(i[:, None] < n) & (j[None, :] < m))


@triton.jit(do_not_specialize=SIZES)
def reach(
    FIRST, LAST, HOLES, MATCH_I, MATCH_J, OUT, n, m, batch, mask_b, holes_b,
    LABELS: tl.constexpr, LP: tl.constexpr, BEFORE: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr, HAS_HOLES: tl.constexpr,
):  # fmt: skip
    """How many queries of a block see a key of their label, OUT [b, block, LP].

    Queries without a label have -1, keys without -2; bit c of BEFORE is set where column c looks to
    the left only.
    """
    blocks = tl.cdiv(n, BM)
    block, b = tl.program_id(0) % blocks, tl.program_id(0) // blocks
    b64 = b.to(tl.int64)
    i = block * BM + tl.arange(0, BM)
    inside = i < n
    lo = tl.load(FIRST + b * mask_b + i, mask=inside, other=m)
    up = tl.load(LAST + b * mask_b + i, mask=inside, other=0)
    lo = tl.where(up > lo, lo, m)
    label = tl.arange(0, LP)
    hits = tl.zeros((BM, LP), tl.int32)
    for start in range(tl.min(lo, 0) // BN * BN, tl.max(up, 0), BN):
        j = start + tl.arange(0, BN)
        ok = seen(i, j, lo, up, HOLES + b64 * holes_b, n, m, HAS_HOLES)
        for c in tl.static_range(LABELS):
            mine = tl.load(MATCH_I + (c * batch + b64) * n + i, mask=inside, other=-1)
            its = tl.load(MATCH_J + (c * batch + b64) * m + j, mask=j < m, other=-2)
            hit = ok & (mine[:, None] == its[None, :])
            if (BEFORE >> c) & 1:
                hit = hit & (j[None, :] < i[:, None])
            else:
                hit = hit & (j[None, :] != i[:, None])
            some = tl.max(hit.to(tl.int32), 1)
            hits = tl.maximum(hits, tl.where(label[None, :] == c, some[:, None], 0))
    tl.store(OUT + (b64 * blocks + block) * LP + label, tl.sum(hits, 0))
