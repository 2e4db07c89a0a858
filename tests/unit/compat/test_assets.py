from __future__ import annotations

from types import SimpleNamespace

import pytest

from sagemaker_mirror import compat
from sagemaker_mirror.compat import Asset, AssetAlias, emit_asset

METRICS = {"accuracy": {"value": 0.9}}


class Events(list):
    """The events of whatever alias."""

    def __getitem__(self, alias):
        return self

    def add(self, asset, extra):
        self.append((asset, extra))


@pytest.mark.skipif(not compat.AIRFLOW_3, reason="Airflow 2.11 emits no events of an alias")
@pytest.mark.parametrize(
    ("version", "metrics"),
    [((3, 0, 6), '{"accuracy": {"value": 0.9}}'), ((3, 1, 0), '{"accuracy": {"value": 0.9}}'), ((3, 2, 0), METRICS)],
)
def test_what_an_event_says_is_nested_where_airflow_takes_that(monkeypatch, version, metrics):
    monkeypatch.setattr(compat, "AIRFLOW_VERSION", version)
    events = Events()
    task = SimpleNamespace(outlets=[Asset("another"), AssetAlias("packages")])

    emit_asset({"outlet_events": events}, task, "harvest", {"model_package_version": 1, "metrics": METRICS})

    assert list(events) == [(Asset("harvest"), {"model_package_version": 1, "metrics": metrics})]
