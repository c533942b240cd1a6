"""The Triton kernels that walk over all scores of a layer, none of which leaves the chip.

`rows` attends as the model does and tells what each row gives by itself, its log-sum-exp too. With
that the weights are exp(score - log-sum-exp), and `columns` adds them up by key and over labels in
common, `diagonals` by offset. Scores are float32 however the model computes, and what programs add
up they keep apart, to be added in a fixed order: the same bytes twice.

For names in capitals and small letters see `triton_scores`. GROUP query heads have a key head in
common; DP is the next power of two of D.
"""

# ruff: noqa: ANN001, ANN201, ANN202, C901, N803, N806
# mypy: disable-error-code="import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl

from attnviz.attention.kernels.triton_scores import (
    LN2,
    LOG2E,
    NOTHING,
    SIZES,
    loaded,
    power,
    product,
    scores,
    seen,
    weights,
)


@triton.jit(do_not_specialize=SIZES)
def rows(
    Q, K, V, OUT, FIRST, LAST, FROM, TO, WHOLE_FROM, WHOLE_TO, HOLES, BIAS, SINKS, STRIPS, NUMBERS,
    LSE, n, m, heads, batch, scale, cap,
    q_b, q_h, q_n, k_b, k_h, k_n, v_b, v_h, v_n, mask_b, block_b, holes_b,
    bias_b, bias_h, bias_i, bias_j,
    GROUP: tl.constexpr, D: tl.constexpr, DP: tl.constexpr, W: tl.constexpr, WP: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr, HAS_V: tl.constexpr, HAS_CAP: tl.constexpr,
    HAS_BIAS: tl.constexpr, HAS_HOLES: tl.constexpr, HAS_SINKS: tl.constexpr,
    SPLIT: tl.constexpr, FTZ: tl.constexpr, UP: tl.constexpr,
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
    q = loaded(Q + b64 * q_b + h64 * q_h, i, q_n, d, n, D, DP, UP)
    lo = tl.load(FIRST + b * mask_b + i, mask=inside, other=0)
    up = tl.load(LAST + b * mask_b + i, mask=inside, other=0)
    bounds = b * block_b + block
    whole_from, whole_to = tl.load(WHOLE_FROM + bounds), tl.load(WHOLE_TO + bounds)
    HOLES += b64 * holes_b
    BIAS += b64 * bias_b + h64 * bias_h
    K += b64 * k_b + (h // GROUP).to(tl.int64) * k_h
    V += b64 * v_b + (h // GROUP).to(tl.int64) * v_h
    most = tl.full((BM,), NOTHING / 2, tl.float32)  # above what isn't seen, below all that is
    mass = tl.zeros((BM,), tl.float32)
    scored = tl.zeros((BM,), tl.float32)  # sum of weight times score, less the largest score
    distance = tl.zeros((BM,), tl.float32)
    strip = tl.zeros((BM,), tl.float32)
    square = tl.zeros((BM,), tl.float32)
    # The three largest scores of every such group of keys.
    one = tl.full((BM, BN // 4), NOTHING, tl.float32)
    two = tl.full((BM, BN // 4), NOTHING, tl.float32)
    three = tl.full((BM, BN // 4), NOTHING, tl.float32)
    mixed = tl.zeros((BM, WP), tl.float32)
    lane = tl.arange(0, BN)
    for start in range(tl.load(FROM + bounds) // BN * BN, tl.load(TO + bounds), BN):
        j = start + lane
        k = loaded(K, j, k_n, d, m, D, DP, UP)
        x = product(q, tl.trans(k), tl.zeros((BM, BN), tl.float32), SPLIT)
        x = scores(x, i, j, scale, cap, BIAS, bias_i, bias_j, n, m, HAS_CAP, HAS_BIAS)
        if (start < whole_from) | (start + BN > whole_to):
            x = tl.where(seen(i, j, lo, up, HOLES, n, m, HAS_HOLES), x, NOTHING)
        first, second, third = _three(x, BM, BN)
        new = tl.maximum(most, tl.max(first, 1))
        fall = power(most - new, FTZ)
        scored = (scored + (most - new) * mass) * fall
        less = x - new[:, None]
        p = power(less, FTZ)
        total = tl.sum(p, 1)
        mass = mass * fall + total
        scored += tl.sum(p * less, 1)
        apart = (start - i).to(tl.float32)
        if (start < block * BM + BM) & (start + BN > block * BM):
            far = tl.sum(p * tl.abs(lane[None, :].to(tl.float32) + apart[:, None]), 1)
        else:  # all to one side
            far = tl.abs(apart * total + tl.sum(p * lane[None, :].to(tl.float32), 1))
        distance = distance * fall + far
        s = p * tl.load(STRIPS + b64 * m + j, mask=j < m, other=0.0)[None, :]
        strip = strip * fall + tl.sum(s, 1)
        square = square * fall * fall + tl.sum(s * s, 1)
        one, two, three = _largest(one, two, three, first, second, third)
        if HAS_V:
            v = loaded(V, j, v_n, w, m, W, WP, UP)
            mixed = product(p.to(v.dtype), v, mixed * fall[:, None], SPLIT)
        most = new
    group = tl.arange(0, BN // 4)[None, :]
    top = tl.argmax(one, 1)[:, None] == group
    one, two = tl.where(top, two, one), tl.where(top, three, two)
    second = tl.max(one, 1)
    top = tl.argmax(one, 1)[:, None] == group
    third = tl.max(tl.where(top, two, one), 1)
    sees = mass > 0
    peak = most  # With a sink the largest of all may be none of the keys.
    whole = mass
    if HAS_SINKS:
        sink = tl.load(SINKS + h).to(tl.float32) * LOG2E
        peak = tl.maximum(most, sink)
        fall = tl.exp2(most - peak)
        scored = (scored + (most - peak) * mass) * fall
        mass, distance, strip = mass * fall, distance * fall, strip * fall
        square = square * fall * fall
        mixed = mixed * fall[:, None]
        whole = mass + tl.exp2(sink - peak)
    by = tl.where(sees, 1.0 / tl.where(sees, whole, 1.0), 0.0)
    log = tl.log2(tl.where(sees, whole, 1.0))
    each = (b64 * 0 + batch) * heads * n  # in 64 bits
    at = (b64 * heads + h) * n + i
    # Of rows that see nothing 0, beside which the score of no key weighs anything.
    tl.store(LSE + at, tl.where(sees, (peak + log) * LN2, 0.0), mask=inside)
    NUMBERS += at
    entropy = tl.maximum((mass * log - scored) * by * LN2, 0.0)
    tl.store(NUMBERS, entropy, mask=inside)
    tl.store(NUMBERS + each, distance * by, mask=inside)
    confidence = tl.exp2(most - peak) * by
    tl.store(NUMBERS + 2 * each, confidence, mask=inside)
    more = (tl.exp2(second - peak) + tl.exp2(third - peak)) * by
    tl.store(NUMBERS + 3 * each, confidence + more, mask=inside)
    tl.store(NUMBERS + 4 * each, mass * by, mask=inside)
    tl.store(NUMBERS + 5 * each, strip * by, mask=inside)
    tl.store(NUMBERS + 6 * each, square * by * by, mask=inside)
    if HAS_V:
        to = OUT + ((b64 * n + i[:, None]) * heads + h) * W + w[None, :]
        out = (mixed * by[:, None]).to(OUT.dtype.element_ty)
        tl.store(to, out, mask=inside[:, None] & (w[None, :] < W))


@triton.jit
def _three(x, BM: tl.constexpr, BN: tl.constexpr):
    """The three largest of every four in a row that lie BN // 4 apart, [BM, BN // 4] each.

    Such four are in the registers of one thread.
    """
    left, right = _halves_of_rows(x, BM, BN // 2)
    high_a, high_b = _halves_of_rows(tl.maximum(left, right), BM, BN // 4)
    low_a, low_b = _halves_of_rows(tl.minimum(left, right), BM, BN // 4)
    loser, best_low = tl.minimum(high_a, high_b), tl.maximum(low_a, low_b)
    return (
        tl.maximum(high_a, high_b),
        tl.maximum(loser, best_low),
        tl.minimum(loser, best_low),
    )


@triton.jit
def _halves_of_rows(x, BM: tl.constexpr, HALF: tl.constexpr):
    return tl.split(tl.permute(tl.reshape(x, (BM, 2, HALF)), (0, 2, 1)))


@triton.jit
def _largest(a_1, a_2, a_3, b_1, b_2, b_3):
    """The three largest of two times three, both from the largest to the smallest."""
    loser, next_best = tl.minimum(a_1, b_1), tl.maximum(a_2, b_2)
    third = tl.maximum(tl.minimum(loser, next_best), tl.maximum(a_3, b_3))
    return tl.maximum(a_1, b_1), tl.maximum(loser, next_best), third


@triton.jit(do_not_specialize=SIZES)
def columns(
    Q, K, FIRST, LAST, WHOLE_FROM, WHOLE_TO, HOLES, BIAS, LSE, BEGIN, END, CONTENT, SETS, MATCH_I,
    MATCH_J, RECEIVED, OF_SETS, MATCHED, n, m, heads, batch, scale, cap,
    q_b, q_h, q_n, k_b, k_h, k_n, mask_b, block_b, holes_b, bias_b, bias_h, bias_i, bias_j,
    GROUP: tl.constexpr, D: tl.constexpr, DP: tl.constexpr, B: tl.constexpr,
    MANY: tl.constexpr, LABELS: tl.constexpr, BEFORE: tl.constexpr, HAS_CAP: tl.constexpr,
    HAS_BIAS: tl.constexpr, HAS_HOLES: tl.constexpr, SPLIT: tl.constexpr, FTZ: tl.constexpr,
    UP: tl.constexpr,
):  # fmt: skip
    """Some keys of a head: sums over the queries of the blocks BEGIN to END that see them.

    RECEIVED [b, h, j] over the queries of CONTENT [b, i], OF_SETS [2, b, h, j] over those of MANY
    of SETS [2, b, i], MATCHED [2, b, h, block] over the keys whose label MATCH_J [2, b, j] is that
    of the query, MATCH_I, in LABELS columns; bit c of BEFORE is set where column c looks to the
    left only.
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
    k = tl.trans(loaded(K + b64 * k_b + (h // GROUP).to(tl.int64) * k_h, j, k_n, d, m, D, DP, UP))
    HOLES += b64 * holes_b
    BIAS += b64 * bias_b + h64 * bias_h
    Q += b64 * q_b + h64 * q_h
    LSE += (b64 * heads + h) * n
    of_batch = b64 * 0 + batch
    # Added up where they are, over all blocks, and over queries only at the end.
    received = tl.zeros((B, B), tl.float32)
    of_first, of_second = tl.zeros((B, B), tl.float32), tl.zeros((B, B), tl.float32)
    on_first, on_second = tl.zeros((B, B), tl.float32), tl.zeros((B, B), tl.float32)
    if LABELS > 0:
        first_j = tl.load(MATCH_J + b64 * m + j, mask=here, other=-2)
    if LABELS > 1:
        second_j = tl.load(MATCH_J + (of_batch + b64) * m + j, mask=here, other=-2)
    for step in range(tl.load(BEGIN + b * blocks + block), tl.load(END + b * blocks + block)):
        i = step * B + place
        p = weights(
            Q, k, FIRST, LAST, WHOLE_FROM, WHOLE_TO, HOLES, BIAS, LSE, b, i, j, step, d, n, m,
            scale, cap, q_n, mask_b, block_b, bias_i, bias_j,
            D, DP, B, HAS_CAP, HAS_BIAS, HAS_HOLES, SPLIT, FTZ, UP,
        )  # fmt: skip
        received += p * tl.load(CONTENT + b64 * n + i, mask=i < n, other=0.0)[:, None]
        if MANY > 0:
            of_first += p * tl.load(SETS + b64 * n + i, mask=i < n, other=0.0)[:, None]
        if MANY > 1:
            sets = SETS + (of_batch + b64) * n + i
            of_second += p * tl.load(sets, mask=i < n, other=0.0)[:, None]
        if LABELS > 0:
            on_first += _alike(p, MATCH_I + b64 * n, first_j, i, j, n, step, block, BEFORE & 1)
        if LABELS > 1:
            labels = MATCH_I + (of_batch + b64) * n
            on_second += _alike(p, labels, second_j, i, j, n, step, block, BEFORE & 2)
    head = b64 * heads + h
    every = of_batch * heads
    tl.store(RECEIVED + head * m + j, tl.sum(received, 0), mask=here)
    if MANY > 0:
        tl.store(OF_SETS + head * m + j, tl.sum(of_first, 0), mask=here)
    if MANY > 1:
        tl.store(OF_SETS + (every + head) * m + j, tl.sum(of_second, 0), mask=here)
    if LABELS > 0:
        tl.store(MATCHED + head * blocks + block, tl.sum(tl.sum(on_first, 0), 0))
    if LABELS > 1:
        tl.store(MATCHED + (every + head) * blocks + block, tl.sum(tl.sum(on_second, 0), 0))


@triton.jit
def _alike(p, LABELS, its, i, j, n, step, block, LEFT: tl.constexpr):
    """Weights on other keys of the query's label, those to its left only with LEFT; else 0."""
    mine = tl.load(LABELS + i, mask=i < n, other=-1)
    if LEFT:
        mine = tl.where(block > step, -1, mine)
    if block == step:
        if LEFT:
            p = tl.where(j[None, :] < i[:, None], p, 0.0)
        else:
            p = tl.where(j[None, :] != i[:, None], p, 0.0)
    return tl.where(mine[:, None] == its[None, :], p, 0.0)


@triton.jit(do_not_specialize=SIZES)
def diagonals(
    Q, K, FIRST, LAST, WHOLE_FROM, WHOLE_TO, HOLES, BIAS, LSE, ORDER, BEGIN, END, CONTENT,
    NEAR, FAR, n, m, heads, batch, scale, cap,
    q_b, q_h, q_n, k_b, k_h, k_n, mask_b, block_b, holes_b, bias_b, bias_h, bias_i, bias_j,
    GROUP: tl.constexpr, D: tl.constexpr, DP: tl.constexpr, B: tl.constexpr,
    HAS_CAP: tl.constexpr, HAS_BIAS: tl.constexpr, HAS_HOLES: tl.constexpr, SPLIT: tl.constexpr,
    FTZ: tl.constexpr, UP: tl.constexpr,
):  # fmt: skip
    """A diagonal of tiles of a head: sums over the queries of CONTENT [b, i] by offset.

    Diagonals are numbered from that of the last queries and first keys, and come by ORDER; of each
    the tiles of query blocks BEGIN to END [b, diagonal] may be seen. Of diagonal t the offsets
    before its tiles' own diagonal go to FAR [b, h, t, B], others to NEAR.
    """
    high, across = tl.cdiv(n, B), tl.cdiv(n, B) + tl.cdiv(m, B) - 1
    t = tl.load(ORDER + tl.program_id(0) // (batch * heads))
    b = tl.program_id(0) // heads % batch
    h = tl.program_id(0) % heads
    b64, h64 = b.to(tl.int64), h.to(tl.int64)
    place = tl.arange(0, B)
    d = tl.arange(0, DP)
    HOLES += b64 * holes_b
    BIAS += b64 * bias_b + h64 * bias_h
    Q += b64 * q_b + h64 * q_h
    K += b64 * k_b + (h // GROUP).to(tl.int64) * k_h
    LSE += (b64 * heads + h) * n
    total = tl.zeros((B, B), tl.float32)
    for step in range(tl.load(BEGIN + b * across + t), tl.load(END + b * across + t)):
        i = step * B + place
        j = (step + t - high + 1) * B + place
        k = tl.trans(loaded(K, j, k_n, d, m, D, DP, UP))
        p = weights(
            Q, k, FIRST, LAST, WHOLE_FROM, WHOLE_TO, HOLES, BIAS, LSE, b, i, j, step, d, n, m,
            scale, cap, q_n, mask_b, block_b, bias_i, bias_j,
            D, DP, B, HAS_CAP, HAS_BIAS, HAS_HOLES, SPLIT, FTZ, UP,
        )  # fmt: skip
        total += p * tl.load(CONTENT + b64 * n + i, mask=i < n, other=0.0)[:, None]
    # Row r turned left by r: column c then holds the offset c, or c - B if it came round.
    turned = tl.gather(total, (place[:, None] + place[None, :]) % B, 1)
    straight = place[:, None] + place[None, :] < B
    to = ((b64 * heads + h) * across + t) * B + place
    tl.store(NEAR + to, tl.sum(tl.where(straight, turned, 0.0), 0))
    tl.store(FAR + to, tl.sum(tl.where(straight, 0.0, turned), 0))
