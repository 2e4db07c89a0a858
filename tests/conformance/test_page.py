from __future__ import annotations

from tests.conformance.page import PAGE, render


def test_the_committed_page_is_current():
    assert PAGE.read_text() == render(), "run `python -m tests.conformance.page`"
