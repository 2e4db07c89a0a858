from __future__ import annotations

import json

import pytest

from sagemaker_mirror.hooks.connection import AwsConnection

CONNECTION = {"conn_type": "aws", "extra": {"region_name": "eu-central-1", "config_kwargs": {"read_timeout": 5}}}


@pytest.fixture(autouse=True)
def connection(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(CONNECTION))


def test_retries_are_adaptive():
    config = AwsConnection().hook().client.meta.config

    assert config.retries["mode"] == "adaptive"


def test_the_connections_own_configuration_goes_before_ours():
    config = AwsConnection().hook().client.meta.config

    assert (config.read_timeout, config.connect_timeout) == (5, 10)


def test_the_callers_configuration_goes_before_both():
    config = AwsConnection.of("aws_default", None, None, {"retries": {"mode": "standard"}}).hook().client.meta.config

    assert config.retries["mode"] == "standard"


def test_s3_and_logs_go_through_the_same_connection():
    hook = AwsConnection(region_name="us-west-2").hook()

    assert {hook.client.meta.region_name, hook.s3_client.meta.region_name, hook.logs_client.meta.region_name} == {
        "us-west-2"
    }


def test_equal_connections_are_equal():
    one = AwsConnection.of("c", "", None, {"a": 1, "b": 2})
    two = AwsConnection.of("c", None, None, {"b": 2, "a": 1})

    assert one == two
    assert hash(one) == hash(two)
    assert AwsConnection.of("", None, None, None).aws_conn_id is None
