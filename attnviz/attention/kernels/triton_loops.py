"""The Triton kernels: two passes over the scores of a layer, none of which leaves the chip.

`rows` attends as the model does and tells what each row gives by itself, its log-sum-exp too. With
that the weights are exp(score - log-sum-exp), and `columns` adds them up by key, by offset and over
labels in common. `cells` reads single weights, `mean` the mean over heads. Scores are float32
however the model computes, and what is added up across programs is added as integers or in a fixed
order: the same bytes twice.

Compiled by Triton for a GPU, or interpreted with TRITON_INTERPRET=1 for tests. There are n queries
and m keys, and GROUP query heads a key head; queries are D numbers wide, and DP is the next power
of two. Names in capitals are tensors, and what is fixed when a kernel is compiled; b, h, i and j
are places of sentence, head, query and key.
"""

# ruff: noqa: ANN001, ANN201, ANN202, C901, N803, N806
# mypy: disable-error-code="import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl

NOTHING = tl.constexpr(-1.0e30)
"""The score of a key that isn't seen: not -inf, from which less itself is no number."""

SHIFT = tl.constexpr(2.0**40)
"""Sums by offset are integers of 2^-40."""


@triton.jit
def _score(
    q, k, i, j, scale, cap, bias, bias_i, bias_j, n, m,
    HAS_CAP: tl.constexpr, HAS_BIAS: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Scores of a tile, from queries [i, d] and keys [d, j]."""
    x = tl.dot(q, k, input_precision=PRECISION) * scale
    if HAS_CAP:
        x = _capped(x, cap)
    if HAS_BIAS:
        at = bias + i[:, None] * bias_i + j[None, :] * bias_j
        x += tl.load(at, mask=(i[:, None] < n) & (j[None, :] < m), other=0.0).to(tl.float32)
    return x


@triton.jit
def _capped(x, cap):
    """Cap tanh(x / cap), by a series where the difference from 1 would lose digits."""
    y = x / cap
    s = y * y
    near = y * (1 + s * (-1 / 3 + s * (2 / 15 + s * (-17 / 315 + s * (62 / 2835)))))
    e = tl.exp(-2 * tl.abs(y))
    far = (1 - e) / (1 + e)
    return cap * tl.where(tl.abs(y) < 0.3, near, tl.where(y > 0, far, -far))


@triton.jit
def _seen(i, j, lo, up, holes, n, m, HAS_HOLES: tl.constexpr):
    """Which keys j the queries i see, [lo, up) each, and not where the mask has `holes`."""
    ok = (j[None, :] >= lo[:, None]) & (j[None, :] < up[:, None])
    if HAS_HOLES:
        at = holes + i[:, None].to(tl.int64) * m + j[None, :]
        ok = ok & (tl.load(at, mask=(i[:, None] < n) & (j[None, :] < m), other=0) != 0)
    return ok


@triton.jit
def rows(
    Q, K, V, OUT, FIRST, LAST, HOLES, BIAS, SINKS, STRIPS, NUMBERS, LSE,
    n, m, heads, batch, scale, cap,
    q_b, q_h, q_n, k_b, k_h, k_n, v_b, v_h, v_n, mask_b, holes_b, bias_b, bias_h, bias_i, bias_j,
    GROUP: tl.constexpr, D: tl.constexpr, DP: tl.constexpr, W: tl.constexpr, WP: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr, HAS_V: tl.constexpr, HAS_CAP: tl.constexpr,
    HAS_BIAS: tl.constexpr, HAS_HOLES: tl.constexpr, HAS_SINKS: tl.constexpr,
    PRECISION: tl.constexpr, UP: tl.constexpr,
):  # fmt: skip
    """Some queries of a head: what they mix, [b, i, h, w], and what each row gives by itself.

    NUMBERS [7, b, h, i]: entropy, distance, confidence, top, total, strip total, strip square.
    """
    blocks = tl.cdiv(n, BM)
    block = tl.program_id(0) % blocks
    b = tl.program_id(0) // blocks // heads
    h = tl.program_id(0) // blocks % heads
    b64, h64 = b.to(tl.int64), h.to(tl.int64)
    i = block * BM + tl.arange(0, BM)
    d, w = tl.arange(0, DP), tl.arange(0, WP)
    inside = i < n
    queries = Q + b64 * q_b + h64 * q_h + i[:, None].to(tl.int64) * q_n + d[None, :]
    q = tl.load(queries, mask=inside[:, None] & (d[None, :] < D), other=0.0)
    if UP:
        q = q.to(tl.float32)
    lo = tl.load(FIRST + b * mask_b + i, mask=inside, other=m)
    up = tl.load(LAST + b * mask_b + i, mask=inside, other=0)
    lo = tl.where(up > lo, lo, m)  # Rows that see nothing widen no block.
    HOLES += b64 * holes_b
    BIAS += b64 * bias_b + h64 * bias_h
    K += b64 * k_b + (h // GROUP).to(tl.int64) * k_h
    V += b64 * v_b + (h // GROUP).to(tl.int64) * v_h
    most = tl.full((BM,), NOTHING, tl.float32)
    mass = tl.zeros((BM,), tl.float32)
    scored = tl.zeros((BM,), tl.float32)  # sum of weight times score, less the largest score
    distance = tl.zeros((BM,), tl.float32)
    strip = tl.zeros((BM,), tl.float32)
    square = tl.zeros((BM,), tl.float32)
    # The three largest scores of every BN-th key.
    one = tl.full((BM, BN), NOTHING, tl.float32)
    two = tl.full((BM, BN), NOTHING, tl.float32)
    three = tl.full((BM, BN), NOTHING, tl.float32)
    mixed = tl.zeros((BM, WP), tl.float32)
    for start in range(tl.min(lo, 0) // BN * BN, tl.max(up, 0), BN):
        j = start + tl.arange(0, BN)
        here = j < m
        keys = K + j[None, :].to(tl.int64) * k_n + d[:, None]
        k = tl.load(keys, mask=here[None, :] & (d[:, None] < D), other=0.0)
        if UP:
            k = k.to(tl.float32)
        x = _score(q, k, i, j, scale, cap, BIAS, bias_i, bias_j, n, m, HAS_CAP, HAS_BIAS, PRECISION)
        ok = _seen(i, j, lo, up, HOLES, n, m, HAS_HOLES)
        x = tl.where(ok, x, NOTHING)
        new = tl.maximum(most, tl.max(x, 1))
        fall = tl.exp(most - new)
        p = tl.where(ok, tl.exp(x - new[:, None]), 0.0)
        scored = (scored + (most - new) * mass) * fall
        scored += tl.sum(tl.where(ok, p * (x - new[:, None]), 0.0), 1)
        mass = mass * fall + tl.sum(p, 1)
        apart = tl.abs(j[None, :] - i[:, None]).to(tl.float32)
        distance = distance * fall + tl.sum(p * apart, 1)
        s = p * tl.load(STRIPS + b64 * m + j, mask=here, other=0.0)[None, :]
        strip = strip * fall + tl.sum(s, 1)
        square = square * fall * fall + tl.sum(s * s, 1)
        below = tl.minimum(one, x)
        one = tl.maximum(one, x)
        three = tl.maximum(three, tl.minimum(two, below))
        two = tl.maximum(two, below)
        if HAS_V:
            values = V + j[:, None].to(tl.int64) * v_n + w[None, :]
            v = tl.load(values, mask=here[:, None] & (w[None, :] < W), other=0.0)
            weights = p.to(v.dtype)
            if UP:
                weights, v = weights.to(tl.float32), v.to(tl.float32)
            mixed = mixed * fall[:, None] + tl.dot(weights, v, input_precision=PRECISION)
        most = new
    lane = tl.arange(0, BN)[None, :]
    first = tl.argmax(one, 1)[:, None] == lane
    one, two = tl.where(first, two, one), tl.where(first, three, two)
    second = tl.max(one, 1)
    first = tl.argmax(one, 1)[:, None] == lane
    third = tl.max(tl.where(first, two, one), 1)
    sees = mass > 0
    peak = most  # With a sink the largest of all may be none of the keys.
    whole = mass
    if HAS_SINKS:
        sink = tl.load(SINKS + h).to(tl.float32)
        peak = tl.maximum(most, sink)
        fall = tl.exp(most - peak)
        scored = (scored + (most - peak) * mass) * fall
        mass, distance, strip = mass * fall, distance * fall, strip * fall
        square = square * fall * fall
        mixed = mixed * fall[:, None]
        whole = mass + tl.exp(sink - peak)
    by = tl.where(sees, 1.0 / tl.where(sees, whole, 1.0), 0.0)
    log = tl.log(tl.where(sees, whole, 1.0))
    top = tl.exp(most - peak) * by
    far = (b64 * 0 + batch) * heads * n  # in 64 bits
    at = (b64 * heads + h) * n + i
    # Of rows that see nothing 0, beside which the score of no key weighs anything.
    tl.store(LSE + at, tl.where(sees, peak + log, 0.0), mask=inside)
    NUMBERS += at
    entropy = tl.maximum(mass * by * log - scored * by, 0.0)
    tl.store(NUMBERS, entropy, mask=inside)
    tl.store(NUMBERS + far, distance * by, mask=inside)
    tl.store(NUMBERS + 2 * far, top, mask=inside)
    top += (tl.exp(second - peak) + tl.exp(third - peak)) * by
    tl.store(NUMBERS + 3 * far, top, mask=inside)
    tl.store(NUMBERS + 4 * far, mass * by, mask=inside)
    tl.store(NUMBERS + 5 * far, strip * by, mask=inside)
    tl.store(NUMBERS + 6 * far, square * by * by, mask=inside)
    if HAS_V:
        to = OUT + ((b64 * n + i[:, None]) * heads + h) * W + w[None, :]
        out = (mixed * by[:, None]).to(OUT.dtype.element_ty)
        tl.store(to, out, mask=inside[:, None] & (w[None, :] < W))


@triton.jit
def columns(
    Q, K, FIRST, LAST, HOLES, BIAS, LSE, BEGIN, END, CONTENT, MASKS, MATCH_I, MATCH_J,
    RECEIVED, MASKED, OFFSETS, MATCHED,
    n, m, heads, batch, scale, cap,
    q_b, q_h, q_n, k_b, k_h, k_n, mask_b, holes_b, bias_b, bias_h, bias_i, bias_j,
    GROUP: tl.constexpr, D: tl.constexpr, DP: tl.constexpr, B: tl.constexpr,
    MANY: tl.constexpr, LABELS: tl.constexpr, LP: tl.constexpr, BEFORE: tl.constexpr,
    HAS_OFFSETS: tl.constexpr, HAS_CAP: tl.constexpr, HAS_BIAS: tl.constexpr,
    HAS_HOLES: tl.constexpr, PRECISION: tl.constexpr, UP: tl.constexpr, EXACT: tl.constexpr,
):  # fmt: skip
    """Some keys of a head: sums over the queries of the blocks BEGIN to END that see them.

    RECEIVED [b, h, j] over the queries of CONTENT [b, i], MASKED [b, h, MANY, j] over those of each
    of MASKS [MANY, b, i], OFFSETS [b, h, j - i + n - 1] integers, MATCHED [b, h, block, LP] over
    the keys whose label MATCH_J [LABELS, b, j] is that of the query, MATCH_I; bit c of BEFORE is
    set where column c looks to the left only.
    """
    blocks = tl.cdiv(m, B)
    block = tl.program_id(0) % blocks
    b = tl.program_id(0) // blocks // heads
    h = tl.program_id(0) // blocks % heads
    b64, h64 = b.to(tl.int64), h.to(tl.int64)
    place = tl.arange(0, B)
    j = block * B + place
    d = tl.arange(0, DP)
    here = j < m
    K += b64 * k_b + (h // GROUP).to(tl.int64) * k_h
    keys = K + j[None, :].to(tl.int64) * k_n + d[:, None]
    k = tl.load(keys, mask=here[None, :] & (d[:, None] < D), other=0.0)
    if UP:
        k = k.to(tl.float32)
    HOLES += b64 * holes_b
    BIAS += b64 * bias_b + h64 * bias_h
    Q += b64 * q_b + h64 * q_h
    LSE += (b64 * heads + h) * n
    OFFSETS += (b64 * heads + h) * (n + m - 1)
    received = tl.zeros((B,), tl.float32)
    if MANY > 0:
        mask = tl.arange(0, MANY)
        masked = tl.zeros((MANY, B), tl.float32)
    if LABELS > 0:
        label = tl.arange(0, LP)
        matched = tl.zeros((LP,), tl.float32)
    for step in range(tl.load(BEGIN + b * blocks + block), tl.load(END + b * blocks + block)):
        i = step * B + place
        inside = i < n
        queries = Q + i[:, None].to(tl.int64) * q_n + d[None, :]
        q = tl.load(queries, mask=inside[:, None] & (d[None, :] < D), other=0.0)
        if UP:
            q = q.to(tl.float32)
        lo = tl.load(FIRST + b * mask_b + i, mask=inside, other=0)
        up = tl.load(LAST + b * mask_b + i, mask=inside, other=0)
        x = _score(q, k, i, j, scale, cap, BIAS, bias_i, bias_j, n, m, HAS_CAP, HAS_BIAS, PRECISION)
        ok = _seen(i, j, lo, up, HOLES, n, m, HAS_HOLES)
        lse = tl.load(LSE + i, mask=inside, other=0.0)
        p = tl.exp(tl.where(ok, x, NOTHING) - lse[:, None])
        counted = p * tl.load(CONTENT + b64 * n + i, mask=inside, other=0.0)[:, None]
        received += tl.sum(counted, 0)
        if MANY > 0:
            sets = MASKS + (mask[:, None].to(tl.int64) * batch + b) * n + i[None, :]
            some = tl.load(sets, mask=inside[None, :], other=0.0)
            masked += tl.dot(some, p, input_precision=EXACT)
        for c in tl.static_range(LABELS):
            mine = tl.load(MATCH_I + (c * batch + b64) * n + i, mask=inside, other=-1)
            its = tl.load(MATCH_J + (c * batch + b64) * m + j, mask=here, other=-2)
            hit = (mine[:, None] == its[None, :]) & (mine[:, None] >= 0)
            if (BEFORE >> c) & 1:
                hit = hit & (j[None, :] < i[:, None])
            else:
                hit = hit & (j[None, :] != i[:, None])
            total = tl.sum(tl.sum(tl.where(hit, p, 0.0), 0), 0)
            matched += tl.where(label == c, total, 0.0)
        if HAS_OFFSETS:
            # Row r turned left by r: column c then holds the offset c, or c - B if it came round.
            turn = (place[:, None] + place[None, :]) % B
            turned = tl.gather(counted, turn, 1)
            straight = place[:, None] + place[None, :] < B
            near = (tl.sum(tl.where(straight, turned, 0.0), 0) * SHIFT).to(tl.int64)
            round_ = (tl.sum(tl.where(straight, 0.0, turned), 0) * SHIFT).to(tl.int64)
            to = (block - step) * B + place + n - 1
            tl.atomic_add(OFFSETS + to, near, mask=(to >= 0) & (to < n + m - 1), sem="relaxed")
            to -= B
            tl.atomic_add(OFFSETS + to, round_, mask=(to >= 0) & (to < n + m - 1), sem="relaxed")
    head = b64 * heads + h
    tl.store(RECEIVED + head * m + j, received, mask=here)
    if MANY > 0:
        to = MASKED + (head * MANY + mask[:, None]) * m + j[None, :]
        tl.store(to, masked, mask=here[None, :])
    if LABELS > 0:
        tl.store(MATCHED + (head * blocks + block) * LP + label, matched)


@triton.jit
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
        x = _capped(x, cap)
    if HAS_BIAS:
        x += tl.load(BIAS + b * bias_b + h * bias_h + i * bias_i + j * bias_j).to(tl.float32)
    ok = sign != 0
    ok = ok & (j >= tl.load(FIRST + b * mask_b + i)) & (j < tl.load(LAST + b * mask_b + i))
    if HAS_HOLES:
        ok = ok & (tl.load(HOLES + b * holes_b + i * m + j) != 0)
    lse = tl.load(LSE + (b * heads + h) * n + i)
    p = tl.exp(tl.where(ok, x, NOTHING) - lse)
    tl.store(PARTS + part.to(tl.int64) * heads + h, tl.sum(p * sign, 0))


@triton.jit
def sums(PARTS, ENDS, OUT, heads, HP: tl.constexpr):
    """Adds the parts of each group up in their order: OUT [group, h], float32."""
    group = tl.program_id(0).to(tl.int64)
    h = tl.arange(0, HP)
    total = tl.zeros((HP,), tl.float64)
    for part in range(tl.load(ENDS + group), tl.load(ENDS + group + 1)):
        at = PARTS + part * heads + h
        total += tl.load(at, mask=h < heads, other=0.0).to(tl.float64)
    tl.store(OUT + group * heads + h, total.to(tl.float32), mask=h < heads)


@triton.jit
def mean(
    Q, K, FIRST, LAST, HOLES, BIAS, LSE, OUT,
    n, m, heads, scale, cap,
    q_b, q_h, q_n, k_b, k_h, k_n, mask_b, holes_b, bias_b, bias_h, bias_i, bias_j,
    GROUP: tl.constexpr, D: tl.constexpr, DP: tl.constexpr, B: tl.constexpr,
    HAS_CAP: tl.constexpr, HAS_BIAS: tl.constexpr, HAS_HOLES: tl.constexpr,
    PRECISION: tl.constexpr, UP: tl.constexpr,
):  # fmt: skip
    """A tile of the mean over heads, OUT [b, i, j]."""
    wide, high = tl.cdiv(m, B), tl.cdiv(n, B)
    j = tl.program_id(0) % wide * B + tl.arange(0, B)
    i = tl.program_id(0) // wide % high * B + tl.arange(0, B)
    b = tl.program_id(0) // wide // high
    b64 = b.to(tl.int64)
    d = tl.arange(0, DP)
    inside, here = i < n, j < m
    lo = tl.load(FIRST + b * mask_b + i, mask=inside, other=0)
    up = tl.load(LAST + b * mask_b + i, mask=inside, other=0)
    ok = _seen(i, j, lo, up, HOLES + b64 * holes_b, n, m, HAS_HOLES)
    total = tl.zeros((B, B), tl.float32)
    for h in range(heads):
        at = Q + b64 * q_b + h * q_h + i[:, None].to(tl.int64) * q_n + d[None, :]
        q = tl.load(at, mask=inside[:, None] & (d[None, :] < D), other=0.0)
        at = K + b64 * k_b + h // GROUP * k_h + j[None, :].to(tl.int64) * k_n + d[:, None]
        k = tl.load(at, mask=here[None, :] & (d[:, None] < D), other=0.0)
        if UP:
            q, k = q.to(tl.float32), k.to(tl.float32)
        bias = BIAS + b64 * bias_b + h * bias_h
        x = _score(q, k, i, j, scale, cap, bias, bias_i, bias_j, n, m, HAS_CAP, HAS_BIAS, PRECISION)
        lse = tl.load(LSE + (b64 * heads + h) * n + i, mask=inside, other=0.0)
        total += tl.exp(tl.where(ok, x, NOTHING) - lse[:, None])
    at = OUT + (b64 * n + i[:, None]) * m + j[None, :]
    tl.store(at, total / heads, mask=inside[:, None] & here[None, :])


@triton.jit
def reach(
    FIRST, LAST, HOLES, MATCH_I, MATCH_J, OUT, n, m, batch, mask_b, holes_b,
    LABELS: tl.constexpr, LP: tl.constexpr, BEFORE: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr, HAS_HOLES: tl.constexpr,
):  # fmt: skip
    """How many queries of a block see a key of their label, OUT [b, block, LP]; see `columns`."""
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
        ok = _seen(i, j, lo, up, HOLES + b64 * holes_b, n, m, HAS_HOLES)
        for c in tl.static_range(LABELS):
            mine = tl.load(MATCH_I + (c * batch + b64) * n + i, mask=inside, other=-1)
            its = tl.load(MATCH_J + (c * batch + b64) * m + j, mask=j < m, other=-2)
            hit = ok & (mine[:, None] == its[None, :]) & (mine[:, None] >= 0)
            if (BEFORE >> c) & 1:
                hit = hit & (j[None, :] < i[:, None])
            else:
                hit = hit & (j[None, :] != i[:, None])
            some = tl.max(hit.to(tl.int32), 1)
            hits = tl.maximum(hits, tl.where(label[None, :] == c, some[:, None], 0))
    tl.store(OUT + (b64 * blocks + block) * LP + label, tl.sum(hits, 0))
