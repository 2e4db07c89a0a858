"""The benchmark of watching: every task of a step ends, in Airflow's own trigger runner. Figures are not judged."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.mirror.__main__ import Watched
from sagemaker_mirror.compat import STARTS_IN_TRIGGERER
from tests.conftest import REPOSITORY


@pytest.mark.skipif(not STARTS_IN_TRIGGERER, reason="The benchmark measures tasks that start in the triggerer")
def test_every_task_ends_as_its_step_did() -> None:
    few = ["--executions", "2", "--steps", "3", "--interval", "1", "--seconds", "8"]
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.mirror", *few]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    rows = {line[:40].strip(): line[40:].split() for line in done.stdout.splitlines()[2:]}

    assert rows["tasks of steps that ended as success"][0] == "6", done.stderr
    assert rows["triggers that failed"][0] == "0"


def test_calls_are_counted_in_whole_intervals_while_all_wait() -> None:
    ends = {("a", "s1"): 40.0, ("a", "s2"): 65.0, ("b", "s1"): 50.0, ("b", "s2"): 90.0}
    watched = Watched(
        {"begun": [["a", "s1", 8.0], ["b", "s1", 10.0]], "fired": []},
        looks=[12.0, 21.0, 22.0, 35.0, 44.0, 45.0, 46.0, 55.0, 64.0],
        ends=ends,
    )

    # From 20 on, until the first execution ends at 65.
    assert watched.calls_per_interval(10) == (7 / 4, 3)


def test_a_task_is_late_from_its_own_start_where_that_came_after_its_steps_end() -> None:
    watched = Watched(
        {
            "begun": [["a", "s1", 5.0], ["a", "s2", 30.0]],
            "fired": [["a", "s1", 12.0, "success"], ["a", "s2", 34.0, "success"], ["a", None, 60.0, "event"]],
        },
        looks=[],
        ends={("a", "s1"): 10.0, ("a", "s2"): 20.0},
    )

    assert watched.lateness() == [2.0, 4.0]
