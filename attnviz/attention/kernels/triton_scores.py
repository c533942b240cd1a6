"""What the Triton kernels share: scores of a tile, who is seen, and products that lose no digits.

Compiled by Triton for a GPU, or interpreted with TRITON_INTERPRET=1 for tests. There are n queries
and m keys; queries are D numbers wide. Names in capitals are tensors, and what is fixed when a
kernel is compiled; b, h, i and j are places of sentence, head, query and key. Of each block of
queries FROM and TO are the first key that any sees, and one past the last; all see those from
WHOLE_FROM to WHOLE_TO, so that nothing has to be masked there.

Scores are powers of 2, log2(e) times those of the model: 2^x is what a GPU computes.
"""

# ruff: noqa: ANN001, ANN201, N803
# mypy: disable-error-code="import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl

NOTHING = tl.constexpr(-1.0e30)
"""The score of a key that isn't seen: not -inf, from which less itself is no number."""

SIZES = ("n", "m", "heads", "batch", "mask_b", "block_b", "holes_b")
"""What changes from batch to batch: a kernel would else be compiled anew, which takes seconds, for
each that is a multiple of 16, or 1."""

LOG2E = tl.constexpr(1.4426950408889634)
LN2 = tl.constexpr(0.6931471805599453)


@triton.jit
def product(a, b, total, SPLIT: tl.constexpr):
    """Adds a @ b to `total`, all float32 or a and b shorter.

    NVIDIA's units multiply 11 digits of a float32. With SPLIT it is two such numbers, of whose
    products the last is too small to matter (3xTF32, as CUTLASS has it).
    """
    if SPLIT:
        a_high, a_low = halves(a)
        b_high, b_low = halves(b)
        total = tl.dot(a_low, b_high, total, input_precision="tf32")
        total = tl.dot(a_high, b_low, total, input_precision="tf32")
        return tl.dot(a_high, b_high, total, input_precision="tf32")
    return tl.dot(a, b, total, input_precision="ieee")


@triton.jit
def halves(x):
    """A float32 as its first 11 digits and the rest."""
    high = (x.to(tl.int32, bitcast=True) & -8192).to(tl.float32, bitcast=True)
    return high, x - high


@triton.jit
def power(x, FTZ: tl.constexpr):
    """2^x; with FTZ what is below 2^-126 is 0, in one instruction of NVIDIA's instead of four."""
    if FTZ:
        return tl.inline_asm_elementwise(
            "ex2.approx.ftz.f32 $0, $1;", "=f,f", [x], dtype=tl.float32, is_pure=True, pack=1
        )
    return tl.exp2(x)


@triton.jit
def scores(
    x, i, j, scale, cap, bias, bias_i, bias_j, n, m, HAS_CAP: tl.constexpr, HAS_BIAS: tl.constexpr
):
    """Scores of a tile, as powers of 2, from its products of queries and keys."""
    if HAS_CAP or HAS_BIAS:
        x *= scale
        if HAS_CAP:
            x = capped(x, cap)
        if HAS_BIAS:
            at = bias + i[:, None] * bias_i + j[None, :] * bias_j
            x += tl.load(at, mask=(i[:, None] < n) & (j[None, :] < m), other=0.0).to(tl.float32)
            x = tl.maximum(x, NOTHING)  # where the model adds -inf
        return x * LOG2E
    return x * (scale * LOG2E)


@triton.jit
def capped(x, cap):
    """Cap tanh(x / cap), by a series where the difference from 1 would lose digits."""
    y = x / cap
    s = y * y
    near = y * (1 + s * (-1 / 3 + s * (2 / 15 + s * (-17 / 315 + s * (62 / 2835)))))
    e = tl.exp(-2 * tl.abs(y))
    far = (1 - e) / (1 + e)
    return cap * tl.where(tl.abs(y) < 0.3, near, tl.where(y > 0, far, -far))


@triton.jit
def seen(i, j, lo, up, holes, n, m, HAS_HOLES: tl.constexpr):
    """Which keys j the queries i see, [lo, up) each, and not where the mask has `holes`."""
    ok = (j[None, :] >= lo[:, None]) & (j[None, :] < up[:, None])
    if HAS_HOLES:
        at = holes + i[:, None].to(tl.int64) * m + j[None, :]
        ok = ok & (tl.load(at, mask=(i[:, None] < n) & (j[None, :] < m), other=0) != 0)
    return ok


@triton.jit
def loaded(start, places, step, width, rows, D: tl.constexpr, DP: tl.constexpr, UP: tl.constexpr):
    """The rows `places` of a matrix that has so many, D numbers each and zeros up to DP."""
    inside = places[:, None] < rows
    if D < DP:
        inside = inside & (width[None, :] < D)
    at = start + places[:, None].to(tl.int64) * step + width[None, :]
    x = tl.load(at, mask=inside, other=0.0)
    if UP:
        x = x.to(tl.float32)
    return x


@triton.jit
def weights(
    Q, k, FIRST, LAST, WHOLE_FROM, WHOLE_TO, HOLES, BIAS, LSE, b, i, j, step, d, n, m,
    scale, cap, q_n, mask_b, block_b, bias_i, bias_j,
    D: tl.constexpr, DP: tl.constexpr, B: tl.constexpr, HAS_CAP: tl.constexpr,
    HAS_BIAS: tl.constexpr, HAS_HOLES: tl.constexpr, SPLIT: tl.constexpr, FTZ: tl.constexpr,
    UP: tl.constexpr,
):  # fmt: skip
    """Weights of a tile, [i, j], where the queries are those of block `step`, from keys [d, j]."""
    inside = i < n
    q = loaded(Q, i, q_n, d, n, D, DP, UP)
    x = product(q, k, tl.zeros((B, B), tl.float32), SPLIT)
    x = scores(x, i, j, scale, cap, BIAS, bias_i, bias_j, n, m, HAS_CAP, HAS_BIAS)
    x -= (tl.load(LSE + i, mask=inside, other=0.0) * LOG2E)[:, None]
    start, bounds = tl.min(j, 0), b * block_b + step
    whole_from, whole_to = tl.load(WHOLE_FROM + bounds), tl.load(WHOLE_TO + bounds)
    if (start < whole_from) | (start + B > whole_to):
        lo = tl.load(FIRST + b * mask_b + i, mask=inside, other=0)
        up = tl.load(LAST + b * mask_b + i, mask=inside, other=0)
        x = tl.where(seen(i, j, lo, up, HOLES, n, m, HAS_HOLES), x, NOTHING)
    return power(x, FTZ)
