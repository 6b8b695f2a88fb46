"""Answer schemas: the closed subset, its bounds, and that a wrong answer never gets through."""

import pytest

from atomic_verify.models.answers import MAX_SCHEMA_NODES, AnswerSchema, require_schema
from atomic_verify.models.errors import AnswerInvalid, ManifestInvalid

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["label"],
    "properties": {
        "label": {"enum": ["cat", "dog"]},
        "score": {"type": "number", "minimum": 0},
        "pattern": {"type": "array", "items": {"type": "integer"}, "maxItems": 2},
    },
}


@pytest.mark.parametrize("answer", [{"label": "cat"}, {"label": "dog", "score": 0.5, "pattern": [1, 2]}])
def test_a_right_answer_passes(answer: dict) -> None:
    AnswerSchema(SCHEMA).require(answer)


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ({}, ""),
        ({"label": "cow"}, "label"),
        ({"label": "cat", "score": -1}, "score"),
        ({"label": "cat", "score": "1"}, "score"),
        ({"label": "cat", "pattern": [1, "x"]}, "pattern/1"),
        ({"label": "cat", "more": 1}, ""),
    ],
)
def test_a_wrong_answer_is_refused_and_its_place_named(answer: dict, place: str) -> None:
    with pytest.raises(AnswerInvalid) as refused:
        AnswerSchema(SCHEMA).require(answer)
    assert refused.value.details["place"] == place


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "http://169.254.169.254/"},
        {"properties": {"a": {"$ref": "#/properties/a"}}},
        {"$dynamicRef": "#x"},
        {"type": "string", "pattern": "(a+)+$"},
        {"patternProperties": {"(a+)+$": True}},
        {"type": "string", "format": "email"},
        {"items": {"anyOf": [{"not": {"pattern": "a"}}]}},
        {"properties": []},
        {"anyOf": {}},
        {"items": 3},
        {"type": "nonsense"},
        {"minimum": "3"},
    ],
)
def test_a_schema_outside_the_subset_is_refused(schema: dict) -> None:
    with pytest.raises(ManifestInvalid):
        require_schema(schema)


def test_a_deep_or_large_schema_is_refused() -> None:
    deep: dict = {}
    for _ in range(1000):
        deep = {"items": deep}
    wide = {"anyOf": [{"type": "string"}] * MAX_SCHEMA_NODES}
    for schema in (deep, wide):
        with pytest.raises(ManifestInvalid):
            require_schema(schema)
