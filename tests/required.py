"""Programs and environments that some tests need, and that not every machine has."""

from __future__ import annotations

import os

import pytest


def require(there: bool, missing: str, variable: str) -> None:
    """Skip the tests that need something; fail where it is said to be there, as CI says of what it has set up.

    :param there: whether it is
    :param missing: what is missing, and how one gets it
    :param variable: the environment variable that says that it has to be there
    """
    if there:
        return
    if os.environ.get(variable):
        pytest.fail(missing)
    pytest.skip(missing)
