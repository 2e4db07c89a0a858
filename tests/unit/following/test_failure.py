from __future__ import annotations

import logging

from sagemaker_mirror.following.failure import log_failure


def test_the_reason_comes_first_and_the_advice_in_lines_that_can_be_seen(caplog):
    reason = "The step failed: " + "no such thing " * 20
    advice = "Look into it. " * 30 + f"See {'x' * 150}."
    log_failure(logging.getLogger(), reason, advice)

    first, *lines = [record.getMessage() for record in caplog.records]
    assert first == reason
    assert lines[0].startswith("What to do: Look into it.")
    assert " ".join(lines) == f"What to do: {advice}"
    assert max(len(line) for line in lines[:-1]) <= 110
    assert {record.levelname for record in caplog.records} == {"ERROR"}
