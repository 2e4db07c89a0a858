from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_log_of_airflow() -> Iterator[None]:
    """Keep Airflow 2.11's log off standard output: another test's import has set it up; the command does not."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)
