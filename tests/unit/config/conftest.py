"""Settings of the property tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says something of the machine only.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
