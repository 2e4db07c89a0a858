from __future__ import annotations

from types import SimpleNamespace

import pytest

from sagemaker_mirror.operators import values
from sagemaker_mirror.operators.values import resolve_values


@pytest.fixture
def sources(monkeypatch):
    """Set what each source has; the task's own values first."""

    def resolve(names, given=None, conf=None, params=None, variables=None, environment=None):
        monkeypatch.setattr(values, "read_variable", (variables or {}).get)
        monkeypatch.setattr(values.os, "environ", environment or {})
        return resolve_values(names, given, {"dag_run": SimpleNamespace(conf=conf), "params": params or {}})

    return resolve


@pytest.mark.parametrize("first", range(5))
def test_sources_are_asked_in_order(sources, first):
    names = ("given", "conf", "params", "variables", "environment")
    having = {source: {"SMP_REGION": source} for source in names[first:]}

    assert sources(["SMP_REGION"], **having) == {"SMP_REGION": names[first]}


def test_what_has_no_value_is_left_out(sources):
    assert sources(["SMP_KMS_KEY"]) == {}


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_field_of_the_trigger_form_is_no_value(sources, empty):
    found = sources(["SMP_ROLE"], conf={"SMP_ROLE": empty}, params={"SMP_ROLE": empty}, variables={"SMP_ROLE": "r"})

    assert found == {"SMP_ROLE": "r"}


def test_a_confs_own_variable_is_not_taken_from_the_environment(sources):
    everywhere = {"HOME": "elsewhere"}

    assert sources(["HOME"], variables=everywhere, environment=everywhere) == {}
    assert sources(["HOME"], params={"HOME": "here"}) == {"HOME": "here"}


def test_values_are_texts(sources):
    assert sources(["SMP_ACCOUNTID"], conf={"SMP_ACCOUNTID": 123456789012}) == {"SMP_ACCOUNTID": "123456789012"}
