"""Several floats at once for compiled loops: vectors, and the innermost tile of a matrix product.

Numba leaves vectors to the optimiser, which makes half of this machine's width of them and none
of running maxima. `Lanes` are vectors that a compiled function names itself; LLVM splits them
where the machine's own are shorter.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

from llvmlite import binding, ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

_AVX512 = binding.get_host_cpu_features().get("avx512f", False)

LANES = 16 if _AVX512 else 8
"""Floats in a vector."""

HEIGHT = 8 if _AVX512 else 4
"""Rows of a tile: with three vectors a row, a tile fills the machine's registers."""

Code = Any
"""LLVM's builders and values, and what compiled functions handle."""


class _Lanes(types.Type):
    """The type of a vector in compiled functions."""

    def __init__(self) -> None:
        super().__init__(name=f"float32x{LANES}")


_lanes: Code = _Lanes()
_vector = ir.VectorType(ir.FloatType(), LANES)
_bits = ir.VectorType(ir.IntType(32), LANES)
_int = ir.IntType(32)
_two: Code = types.UniTuple(types.float32, 2)  # type: ignore[no-untyped-call]
_three: Code = types.UniTuple(types.float32, 3)  # type: ignore[no-untyped-call]
_tools: Code = cgutils


@register_model(_Lanes)
class _Model(models.PrimitiveModel):
    """A vector is kept as LLVM's own."""

    def __init__(self, manager: Code, lanes: Code) -> None:
        super().__init__(manager, lanes, _vector)  # type: ignore[no-untyped-call]


def _make(out: Code, *types_: Code) -> Callable[[Callable[..., Code]], Code]:
    """Makes a function for compiled code out of one that builds `out` from LLVM's values.

    `types_` are those of the arguments, None for what is taken as it comes.
    """

    def made(build: Callable[..., Code]) -> Code:
        def typed(_: Code, *came: Code) -> Code:
            wanted = [type_ or own for type_, own in zip(types_, came, strict=True)]
            signature = out(*wanted)

            def generate(context: Code, builder: Code, _signature: Code, values: Code) -> Code:
                unpacked = [
                    _data(context, builder, type_, value)
                    for type_, value in zip(wanted, values, strict=True)
                ]
                made = build(builder, *unpacked)
                return context.get_dummy_value() if out is types.void else made

            return signature, generate

        names = ("context", *(f"x{at}" for at in range(len(types_))))
        spelt = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        typed.__signature__ = Signature(spelt)  # type: ignore[attr-defined] # numba counts them
        typed.__name__ = build.__name__
        return intrinsic(typed)

    return made


def _data(context: Code, builder: Code, type_: Code, value: Code) -> Code:
    """An array's first place; anything else as it is."""
    if isinstance(type_, types.Array):
        return context.make_array(type_)(context, builder, value).data
    return value


def _pointer(_: Code, array: Code, place: Code) -> Code:  # noqa: ARG001 - numba reads the names
    """An array from a place on, counted flat. No index is taken to count from its end.

    Unlike an array nobody who handles it counts it, which in inner loops costs more than
    what is done there; the array itself must outlive it.
    """
    if array.layout != "C":
        raise TypeError(f"{array} can't be counted flat")

    def generate(context: Code, builder: Code, _signature: Code, values: Code) -> Code:
        data = context.make_array(array)(context, builder, values[0]).data
        return builder.gep(data, [values[1]])

    address: Code = types.CPointer
    return address(array.dtype)(array, types.intp), generate


def _put(_: Code, out: Code, place: Code, number: Code) -> Code:  # noqa: ARG001
    """Writes a number to a place of an array or pointer.

    A plain assignment to a pointer that the function doesn't read again is dead to numba, which
    drops it where functions are inlined.
    """

    def generate(context: Code, builder: Code, _signature: Code, values: Code) -> Code:
        data = _data(context, builder, out, values[0])
        builder.store(values[2], builder.gep(data, [values[1]]))
        return context.get_dummy_value()

    return types.void(out, types.intp, out.dtype), generate


pointer: Code = intrinsic(_pointer)
put: Code = intrinsic(_put)


def _at(builder: Code, data: Code, place: Code) -> Code:
    """Where a vector begins at a place of an array."""
    return builder.bitcast(builder.gep(data, [place]), _vector.as_pointer())


def _spread(builder: Code, number: Code) -> Code:
    """A vector of one number."""
    first_lane = builder.insert_element(ir.Constant(_vector, ir.Undefined), number, _int(0))
    zeros = ir.Constant(ir.VectorType(_int, LANES), [0] * LANES)
    return builder.shuffle_vector(first_lane, ir.Constant(_vector, ir.Undefined), zeros)


def _turned(builder: Code, x: Code, by: int) -> Code:
    """A vector turned round by some lanes."""
    order = [(lane + by) % LANES for lane in range(LANES)]
    return builder.shuffle_vector(x, x, ir.Constant(ir.VectorType(_int, LANES), order))


def _interleaved(builder: Code, x: Code, y: Code, begin: int) -> Code:
    """The lanes of half of x and half of y in turn, from lane `begin` on."""
    order = [begin + lane // 2 + LANES * (lane % 2) for lane in range(LANES)]
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(_int, LANES), order))


def _higher(builder: Code, x: Code, y: Code) -> Code:
    return builder.select(builder.fcmp_ordered(">", x, y), x, y)


def _lower(builder: Code, x: Code, y: Code) -> Code:
    return builder.select(builder.fcmp_ordered("<", x, y), x, y)


@_make(_lanes, types.float32)
def spread(builder: Code, number: Code) -> Code:
    """A vector of one number."""
    return _spread(builder, number)


@_make(_lanes, None, types.intp)
def load(builder: Code, data: Code, place: Code) -> Code:
    """The vector that begins at a place of a flat array."""
    return builder.load(_at(builder, data, place), align=4)


@_make(types.void, None, types.intp, _lanes)
def store(builder: Code, data: Code, place: Code, x: Code) -> None:
    """Writes a vector to a place of a flat array."""
    builder.store(x, _at(builder, data, place), align=4)


@_make(types.void, *(None, types.intp, types.intp) * 2)
def transpose(
    builder: Code, data: Code, place: Code, step: Code, out: Code, to: Code, far: Code
) -> None:
    """Copies a square of LANES rows and columns, rows to columns, from flat array to flat array.

    Of both: the array, the place of the first number, and places from row to row.
    """

    def line(data: Code, place: Code, step: Code, row: int) -> Code:
        return _at(builder, data, builder.add(place, builder.mul(step, step.type(row))))

    rows = [builder.load(line(data, place, step, row), align=4) for row in range(LANES)]
    half = LANES // 2
    # Interleaving the first rows with the last, as often as halves the number of rows to one.
    for _ in range(LANES.bit_length() - 1):
        pairs = [(rows[row], rows[row + half]) for row in range(half)]
        rows = [_interleaved(builder, *pair, begin) for pair in pairs for begin in (0, half)]
    for row, numbers in enumerate(rows):
        builder.store(numbers, line(out, to, far, row), align=4)


@_make(_lanes, _lanes, _lanes)
def larger(builder: Code, x: Code, y: Code) -> Code:
    """The larger of two numbers in each lane."""
    return _higher(builder, x, y)


@_make(_lanes, _lanes, _lanes)
def smaller(builder: Code, x: Code, y: Code) -> Code:
    """The smaller of two numbers in each lane."""
    return _lower(builder, x, y)


@_make(_lanes, _lanes, _lanes, _lanes)
def where_above(builder: Code, x: Code, edge: Code, y: Code) -> Code:
    """Y in the lanes where x > edge, 0 in the others."""
    nothing = ir.Constant(_vector, [0.0] * LANES)
    return builder.select(builder.fcmp_ordered(">", x, edge), y, nothing)


@_make(_lanes, _lanes, _lanes, _lanes, _lanes)
def choose_above(builder: Code, x: Code, edge: Code, y: Code, z: Code) -> Code:
    """Y in the lanes where x > edge, z in the others."""
    return builder.select(builder.fcmp_ordered(">", x, edge), y, z)


@_make(_lanes, _lanes, _lanes)
def times_power(builder: Code, x: Code, shifted: Code) -> Code:
    """`x` times 2^k, where k stands in the last bits of a float as `SHIFT` + k leaves it there."""
    k = builder.shl(builder.bitcast(shifted, _bits), ir.Constant(_bits, [23] * LANES))
    return builder.bitcast(builder.add(builder.bitcast(x, _bits), k), _vector)


SHIFT = 12582912.0
"""1.5 * 2^23: a small number added to it is rounded, and stands in its last bits."""


@_make(types.float32, _lanes)
def total(builder: Code, x: Code) -> Code:
    """The sum of all lanes."""
    by = LANES // 2
    while by:
        x = builder.fadd(x, _turned(builder, x, by))
        by //= 2
    return builder.extract_element(x, _int(0))


@_make(types.float32, _lanes)
def first(builder: Code, x: Code) -> Code:
    """The first lane."""
    return builder.extract_element(x, _int(0))


@_make(_three, _lanes, _lanes, _lanes)
def three_of(builder: Code, a: Code, b: Code, c: Code) -> Code:
    """The three largest numbers of vectors a >= b >= c, of all lanes together."""
    by = LANES // 2
    while by:
        x, y, z = (_turned(builder, lanes, by) for lanes in (a, b, c))
        third = _higher(builder, _lower(builder, a, y), _lower(builder, b, x))
        third = _higher(builder, third, _higher(builder, c, z))
        second = _higher(builder, _lower(builder, a, x), _higher(builder, b, y))
        a, b, c = _higher(builder, a, x), second, third
        by //= 2
    largest = [builder.extract_element(lanes, _int(0)) for lanes in (a, b, c)]
    return _tools.pack_array(builder, largest)


@_make(_two, _lanes, _lanes)
def first_of_largest(builder: Code, x: Code, place: Code) -> Code:
    """The largest number of all lanes, and of its places the first."""
    by = LANES // 2
    while by:
        other, its = _turned(builder, x, by), _turned(builder, place, by)
        above = builder.fcmp_ordered(">", other, x)
        beside = builder.and_(
            builder.fcmp_ordered("==", other, x), builder.fcmp_ordered("<", its, place)
        )
        place = builder.select(builder.or_(above, beside), its, place)
        x = _higher(builder, x, other)
        by //= 2
    largest = [builder.extract_element(lanes, _int(0)) for lanes in (x, place)]
    return _tools.pack_array(builder, largest)


@_make(_lanes, _lanes, _lanes)
def _plus(builder: Code, x: Code, y: Code) -> Code:
    return builder.fadd(x, y, flags=("contract",))


@_make(_lanes, _lanes, _lanes)
def _minus(builder: Code, x: Code, y: Code) -> Code:
    return builder.fsub(x, y, flags=("contract",))


@_make(_lanes, _lanes, _lanes)
def _times(builder: Code, x: Code, y: Code) -> Code:
    return builder.fmul(x, y, flags=("contract",))


@_make(_lanes, _lanes, _lanes)
def _over(builder: Code, x: Code, y: Code) -> Code:
    return builder.fdiv(x, y)


def _operate(sign: Code, by: Code) -> None:
    """Lets a sign stand between vectors; numba wants both functions to name arguments alike."""
    overload(sign, inline="always")(
        lambda x, y: (lambda x, y: by(x, y)) if _lanes == x == y else None  # noqa: PLW0108
    )


for _sign, _by in (
    (operator.add, _plus),
    (operator.sub, _minus),
    (operator.mul, _times),
    (operator.truediv, _over),
):
    _operate(_sign, _by)


@_make(types.void)
def full_width(builder: Code) -> None:
    """Asks LLVM for the machine's widest vectors in the function that calls this.

    Unasked it halves them, fearing for the clock rate.
    """
    # llvmlite checks names against a list that lacks this attribute; only a hint is lost if it
    # should ever refuse it.
    set.add(builder.function.attributes, '"prefer-vector-width"="512"')


def _tile(vectors: int, *, fresh: bool) -> Code:
    """Makes the innermost tile of a matrix product, C [HEIGHT, vectors of columns] (+)= A B.

    `fresh`: C is written, not added to. Arguments: A, the place of its first number and numbers
    from row to row, the same for B [depth, column] and C, and the depth. All flat arrays.
    """

    @_make(types.void, *(None, types.intp, types.intp) * 3, types.intp)
    def tile(
        builder: Code,
        a: Code,
        a_from: Code,
        a_step: Code,
        b: Code,
        b_from: Code,
        b_step: Code,
        c: Code,
        c_from: Code,
        c_step: Code,
        depth: Code,
    ) -> None:
        a, b, c = (builder.gep(*at) for at in ((a, [a_from]), (b, [b_from]), (c, [c_from])))

        def place(data: Code, row: Code, step: Code, vector: int) -> Code:
            at = builder.add(builder.mul(row, step), row.type(vector * LANES))
            return _at(builder, data, at)

        number = depth.type
        cells = [(row, vector) for row in range(HEIGHT) for vector in range(vectors)]
        sums = {cell: _tools.alloca_once(builder, _vector) for cell in cells}
        for cell, room in sums.items():
            start = ir.Constant(_vector, [0.0] * LANES)
            if not fresh:
                start = builder.load(place(c, number(cell[0]), c_step, cell[1]), align=4)
            builder.store(start, room)
        with _tools.for_range(builder, depth) as loop:
            line = [
                builder.load(place(b, loop.index, b_step, vector), align=4)
                for vector in range(vectors)
            ]
            for row in range(HEIGHT):
                at = builder.add(builder.mul(number(row), a_step), loop.index)
                factor = _spread(builder, builder.load(builder.gep(a, [at]), align=4))
                for vector in range(vectors):
                    room = sums[row, vector]
                    both = builder.fmul(factor, line[vector], flags=("contract",))
                    new = builder.fadd(builder.load(room), both, flags=("contract",))
                    builder.store(new, room)
        for cell, room in sums.items():
            where = place(c, number(cell[0]), c_step, cell[1])
            builder.store(builder.load(room), where, align=4)

    return tile


write_three = _tile(3, fresh=True)
add_one, add_two, add_three = (_tile(vectors, fresh=False) for vectors in (1, 2, 3))
