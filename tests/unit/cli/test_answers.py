"""Answers in a table: the class by name is what whoever asked wants to see."""

from typing import Any

import pytest

from atomic_verify.cli.answers import brief_answer


@pytest.mark.parametrize(
    ("answer", "brief"),
    [
        ({"score": 0.9, "label": "python", "group": "code"}, {"label": "python", "score": 0.9}),
        (
            {"class_index": 1, "class_label": "Gentoo", "score": 2.5, "scores": [1.0, 2.5]},
            {"class_label": "Gentoo", "score": 2.5},
        ),
        ({"outputs": [1, 2]}, {"outputs": [1, 2]}),
    ],
)
def test_a_class_is_told_by_name_and_anything_else_whole(answer: dict[str, Any], brief: dict[str, Any]) -> None:
    assert brief_answer(answer) == brief
