"""`report.json` is read as it was written, and its schema is that of the types."""

from __future__ import annotations

import json
import math
from dataclasses import MISSING, fields, is_dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

import attnviz
from attnviz.errors import ExitCode, InputError
from attnviz.report import codec, records
from attnviz.report.records import ReportJson
from attnviz.shape import UNWRITTEN
from tests.conftest import SAMPLES
from tests.helpers import example, schemas

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

from attnviz.report.given import Options
from attnviz.report.model import Report

pytestmark = pytest.mark.slow


def values(made: Report) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(codec.write(records.of(made)))
    return told


def differing(one: object, other: object, path: str = "") -> Iterator[str]:
    """Where two reports are not the same, but for the last digits of their numbers."""
    if is_dataclass(one) and type(one) is type(other):
        one, other = ({f.name: getattr(x, f.name) for f in fields(x)} for x in (one, other))
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for name in one:
            yield from differing(one[name], other[name], f"{path}.{name}")
    elif isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        for place, (item, same) in enumerate(zip(one, other, strict=True)):
            yield from differing(item, same, f"{path}[{place}]")
    elif isinstance(one, float) and math.isnan(one):
        yield from differing(None, other, path)
    elif other != (pytest.approx(one, rel=5e-6, abs=1e-12) if isinstance(one, float) else one):
        yield f"{path}: {one} {other}"


FEW: dict[str, Any] = {"illustrate": 0, "resamples": 100}


@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("quickstart.txt", {"words": True}),
        ("pairs.tsv", {"split": "pair"}),
    ],
)
def test_a_measured_report_comes_back(file: str, options: dict[str, Any], tmp_path: Path) -> None:
    few = (SAMPLES / file).read_text(encoding="utf-8").splitlines(keepends=True)[:30]
    path = tmp_path / file
    path.write_text("".join(few), encoding="utf-8")
    check_round_trip(attnviz.analyze("minilm", path, **FEW, **options))


def test_a_measured_report_with_relations_comes_back(treebank: Path) -> None:
    evidence = "induction=0.2,events=20"
    check_round_trip(attnviz.analyze("minilm", treebank, **FEW, evidence=evidence))


def test_a_measured_report_comes_back_as_it_was(quickstart_report: Report) -> None:
    check_round_trip(quickstart_report)


def check_round_trip(report: Report) -> None:
    measured = records.of(report)
    data = codec.write(measured)
    assert list(differing(measured, codec.read(data))) == []
    assert codec.write(codec.read(data)) == data
    schemas.validate(json.loads(data))


@pytest.mark.parametrize(
    "made", [example.report(), example.bare(), example.translation(), example.document()]
)
def test_a_made_report_comes_back(made: Report) -> None:
    measured = records.of(made, example.pictures(made))
    read = codec.read(codec.write(measured))
    assert list(differing(measured, read)) == []
    assert read.model == made.model
    roles = [head.roles for part in made.every_part for head in part.heads]
    assert [list(head.roles) for head in read.heads] == [sorted(each) for each in roles]


def of_type(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Any value that a type allows, its numbers with the six digits that are written."""
    match kind:
        case inspect.Metadata(type=inner):
            return of_type(inner)
        case inspect.UnionType(types=every):
            return st.one_of([of_type(one) for one in every])
        case inspect.TupleType(item_types=every):
            return st.tuples(*map(of_type, every))
        case inspect.VarTupleType(item_type=item, max_length=most):
            return st.lists(of_type(item), max_size=most or 2).map(tuple)
        case inspect.DictType(value_type=item):
            return st.dictionaries(st.text(max_size=5), of_type(item), max_size=2)
        case inspect.DataclassType(cls=cls) if cls is Options:
            # Settings refuse most values that their types allow.
            return st.builds(Options, created=st.text(max_size=5))
        case inspect.DataclassType(cls=cls):
            unwritten = {field.name for field in fields(cls) if field.metadata == UNWRITTEN}
            written = [field for field in kind.fields if field.name not in unwritten]
            return st.builds(cls, **{field.name: of_type(field.type) for field in written})
    return scalar(kind)


def scalar(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType(ge=least, le=most):
            return st.integers(-9 if least is None else least, 2**40 if most is None else most)
        case inspect.FloatType(ge=least, le=most):
            numbers = st.floats(-9 if least is None else least, 9 if most is None else most)
            return numbers.map(lambda number: float(f"{number:.6g}") + 0.0)
        case inspect.StrType(pattern=str(pattern)):
            return st.from_regex(pattern.replace("$", r"\Z"))
        case inspect.StrType():
            return st.text(max_size=5)  # without lone surrogates, which are written as U+FFFD
        case inspect.LiteralType(values=choices):
            return st.sampled_from(choices)
    raise TypeError(kind)


@settings(max_examples=25, deadline=None)
@given(of_type(inspect.type_info(ReportJson)))
def test_whatever_the_types_allow_comes_back(made: ReportJson) -> None:
    data = codec.write(made)
    assert codec.read(data) == made
    schemas.validate(json.loads(data))


def refusal(told: object) -> InputError:
    with pytest.raises(InputError) as caught:
        codec.read(json.dumps(told).encode())
    assert caught.value.exit_code == ExitCode.INPUT
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("schema", ["attnviz.report/2", "attnviz.measurement/1", 1])
def test_another_schema_is_refused(schema: object) -> None:
    error = refusal(values(example.bare()) | {"schema": schema})
    assert error.message == f"This is no report of the schema attnviz.report/1, but {schema!r}."
    assert "make the report again with this attnviz" in error.hint


@pytest.mark.parametrize("told", [[], 5, {}, {"a": 1}])
def test_what_names_no_schema_is_refused(told: object) -> None:
    assert refusal(told).message == "This is no report: it names no schema."


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff", b'{"schema": NaN}', b'{"a": 1e999}', 9999 * b"["]
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="This is no JSON"):
        codec.read(data)


def test_what_it_does_not_know_is_refused() -> None:
    told = values(example.report(sentences=1))
    score = told["heads"][0]["roles"]["self"]
    del score["variant"]
    assert "$.heads[0].roles.self lacks the field `variant`" in refusal(told).message
    score |= {"variant": "", "p_value": 0.05}
    assert "$.heads[0].roles.self has an unknown field `p_value`" in refusal(told).message
    del score["p_value"], score["score"]
    assert "missing required field `score` - at `$.heads[0].roles[...]" in refusal(told).message
    score["score"] = "high"
    assert "Expected `float | null`, got `str`" in refusal(told).message
    score["score"] = 0.5
    told["sentences"][0]["line"] = -1
    assert "Expected `int` >= 0 - at `$.sentences[0].line`" in refusal(told).message
    told["sentences"][0]["line"] = 1
    assert codec.read(json.dumps(told).encode()).sentences[0].line == 1
    told["version"] = "0.0.9"
    told["more"] = 1
    assert "attnviz 0.0.9 wrote it" in refusal(told).hint


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("heads", 0, "roles", "self", "verdict"), "maybe"),
        (("heads", 0, "layer"), -1),
        (("heads", 0, "attention"), "sideways"),
        (("input", "files", 0, "sha256"), "53aa"),
        (("roles", 0, "heads"), [[1, 2, 3]]),
        (("roles", 0, "coverage"), 1.5),
        (("options", "long"), "cut"),
        (("options", "evidence"), {}),
        (("similarity", "order"), [0.5]),
        (("model", "causal"), 0),
        (("schema",), "attnviz.report/2"),
    ],
)
def test_reading_and_the_schema_refuse_the_same(path: tuple[Any, ...], wrong: object) -> None:
    told = values(example.report(sentences=1))
    schemas.validate(told)
    place = told
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong
    refusal(told)
    with pytest.raises(jsonschema.ValidationError):
        schemas.validate(told)


def test_the_shipped_schema_is_the_one_of_the_types() -> None:
    shipped = (resources.files("attnviz") / "report" / "schema.json").read_text(encoding="utf-8")
    assert shipped == codec.schema_text(), (
        'Write it again:\npython -c "from attnviz.report import codec; '
        "print(codec.schema_text(), end='')\" > attnviz/report/schema.json"
    )
    jsonschema.Draft202012Validator.check_schema(codec.schema())


def test_every_field_of_the_schema_is_described() -> None:
    schema = codec.schema()
    every = {"report": schema} | schema["$defs"]
    undescribed = [
        f"{name}.{field}"
        for name, one in every.items()
        for field, what in one["properties"].items()
        if not what.get("description")
    ]
    assert undescribed == []
    assert all(one["description"] and not one["additionalProperties"] for one in every.values())


def test_all_that_is_always_written_is_required() -> None:
    score = codec.schema()["$defs"]["RoleScore"]
    assert set(score["required"]) == set(score["properties"])
    sentence = codec.schema()["$defs"]["SentenceReport"]
    assert set(sentence["properties"]) - set(sentence["required"]) == {
        "keys", "special_keys", "generated_from", "pair", "segments", "looks", "attention",
        "prediction",
    }  # fmt: skip


def test_what_is_left_out_has_its_default() -> None:
    """Else a report that is read back would not be the one written."""
    for cls in {ReportJson, *codec._types(ReportJson)}:
        for field in fields(cls):
            assert not field.metadata or field.default is not MISSING, (cls, field.name)


def test_lone_surrogates_come_back_as_the_replacement() -> None:
    made = example.bare()
    hostile = replace(made, model=replace(made.model, name="a\ud800\u202e\u2028b"))
    assert codec.read(codec.write(records.of(hostile))).model.name == "a\ufffd\u202e\u2028b"
