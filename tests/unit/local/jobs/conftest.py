from __future__ import annotations

import os

import pytest


@pytest.fixture
def path() -> dict[str, str]:
    """The least environment in which a shell finds its commands."""
    return {"PATH": os.defpath}
