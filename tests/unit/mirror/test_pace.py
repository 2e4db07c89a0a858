from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sagemaker_mirror.mirror.pace import seconds_between_looks


def test_looks_get_rarer_while_nothing_happens():
    assert seconds_between_looks(15, 0) == 15
    assert seconds_between_looks(15, 300) == 15
    assert seconds_between_looks(15, 600) == 30
    assert seconds_between_looks(15, 86_400) == 60


@given(st.floats(0.01, 3600), st.floats(0, 1e7))
def test_there_are_bounds(interval, unchanged):
    seconds = seconds_between_looks(interval, unchanged)

    assert interval <= seconds <= 4 * interval
    assert seconds <= max(interval, unchanged * 0.05)
