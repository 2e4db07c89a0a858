from __future__ import annotations

import re
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest

from sagemaker_mirror.operators.start import display_name, parameter_texts, start_token

# StartPipelineExecution's pattern for PipelineExecutionDisplayName
PATTERN = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,81}")


@pytest.mark.parametrize(
    ("run_id", "name"),
    [
        ("manual__2026-01-02T03:04:05+00:00", "manual-2026-01-02T03-04-05-00-00"),
        ("__", "airflow"),
        ("x" * 81 + "__" + "y", "x" * 81),
        ("größe", "gr-e"),
    ],
)
def test_a_runs_id_becomes_a_display_name(run_id, name):
    assert display_name(run_id) == name
    assert PATTERN.fullmatch(name)


def test_parameters_are_texts():
    assert parameter_texts({"a": "x", "b": 3, "c": 0.5, "d": True, "e": None}) == {
        "a": "x",
        "b": "3",
        "c": "0.5",
        "d": "true",
    }


def token(**fields):
    task = {"dag_id": "d", "run_id": "r", "task_id": "start", "map_index": -1, "max_tries": 2, "try_number": 1}
    begun = fields.pop("begun", datetime(2026, 1, 1, tzinfo=timezone.utc))
    return start_token({"ti": SimpleNamespace(**{**task, **fields}), "dag_run": SimpleNamespace(start_date=begun)})


def test_all_tries_of_a_generation_send_the_same_token():
    assert token() == token(try_number=2)
    assert 32 <= len(token()) <= 128


@pytest.mark.parametrize(
    "fields",
    [
        {"dag_id": "e"},
        {"run_id": "s"},
        {"task_id": "start_"},
        {"map_index": 0},
        {"max_tries": 3},  # cleared
        {"begun": datetime(2026, 1, 2, tzinfo=timezone.utc)},  # deleted and made anew
        {"begun": None},
    ],
)
def test_another_run_or_generation_sends_another(fields):
    assert token() != token(**fields)
