from __future__ import annotations

import io
import json
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sagemaker_mirror.local.jobs.serving import Handler, UnsupportedContentTypeError


class Doubling:
    """A model that predicts twice the sum of each row."""

    def predict(self, rows: Any) -> Any:
        return 2 * rows.sum(axis=1)


def module(**functions: Any) -> ModuleType:
    made = ModuleType("inference")
    made.__dict__.update({"model_fn": lambda model_dir: Doubling(), **functions})
    return made


def test_csv_by_default() -> None:
    assert Handler(module()).respond(b"1,2\n3,4\n", "text/csv", "text/csv") == b"6.0\n14.0\n"


def test_json_by_default() -> None:
    response = Handler(module()).respond(b"[[1, 2], [3, 4]]", "application/json; charset=utf-8", "application/json")
    assert json.loads(response) == [6.0, 14.0]


def test_numpy_by_default() -> None:
    body = io.BytesIO()
    np.save(body, np.array([[1.0, 2.0]]))
    response = Handler(module()).respond(body.getvalue(), "application/x-npy", "application/x-npy")
    assert np.load(io.BytesIO(response)).tolist() == [6.0]


@pytest.mark.parametrize(("content_type", "accept"), [("image/png", "text/csv"), ("text/csv", "image/png")])
def test_other_content_types_need_functions(content_type: str, accept: str) -> None:
    with pytest.raises(UnsupportedContentTypeError, match="image/png needs an"):
        Handler(module()).respond(b"1,2\n3,4\n", content_type, accept)


def test_the_users_functions_come_first() -> None:
    handler = Handler(
        module(
            input_fn=lambda body, content_type: (body, content_type),
            predict_fn=lambda data, model: [*data, type(model).__name__],
            output_fn=lambda prediction, accept: (json.dumps([*prediction, accept]), accept),
        )
    )
    assert json.loads(handler.respond(b"\xc3\xa4", "text/csv", "x/y")) == ["ä", "text/csv", "Doubling", "x/y"]


def test_one_function_for_all() -> None:
    def transform_fn(model: Any, body: Any, content_type: str, accept: str) -> bytes:
        return b"|".join([type(model).__name__.encode(), body, content_type.encode(), accept.encode()])

    assert Handler(module(transform_fn=transform_fn)).respond(b"\xff", "a/b", "c/d") == b"Doubling|\xff|a/b|c/d"


def test_functions_may_take_a_context() -> None:
    def model_fn(model_dir: str, context: object) -> str:
        return f"{model_dir} {context}"

    handler = Handler(module(model_fn=model_fn, transform_fn=lambda model, body, content_type, accept: model))
    assert handler.respond(b"", "a/b", "c/d") == b"/opt/ml/model None"


def test_one_for_all_and_a_part_is_a_contradiction() -> None:
    with pytest.raises(ValueError, match="inference has transform_fn"):
        Handler(module(transform_fn=print, output_fn=print))


def test_there_is_no_default_for_loading_a_model() -> None:
    nothing = ModuleType("inference")
    with pytest.raises(AttributeError, match="inference has no model_fn"):
        Handler(nothing)


def test_a_response_is_text_or_bytes() -> None:
    with pytest.raises(TypeError, match="not ndarray"):
        Handler(module(output_fn=lambda prediction, accept: prediction)).respond(
            b"1,2\n3,4\n", "text/csv", "text/csv"
        )
