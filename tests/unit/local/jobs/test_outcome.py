from __future__ import annotations

from sagemaker_mirror.local.jobs.outcome import REASON_LIMIT, JobError, algorithm_error


def test_a_container_that_said_nothing() -> None:
    assert algorithm_error("", 1) == "AlgorithmError: , exit code: 1"


def test_of_a_long_text_the_end_is_kept() -> None:
    reason = algorithm_error("first line\n" + "x" * 2000 + "\nValueError: the end\n", 3)
    assert len(reason) == REASON_LIMIT
    assert reason.startswith("AlgorithmError: xx")
    assert reason.endswith("ValueError: the end, exit code: 3")


def test_an_error_is_no_longer_than_a_reason() -> None:
    assert str(JobError("ClientError", "x" * 2000)) == "ClientError: " + "x" * (REASON_LIMIT - len("ClientError: "))
