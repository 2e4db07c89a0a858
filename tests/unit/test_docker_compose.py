"""What can be known of docker-compose.yaml without a Docker engine."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY

COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_every_published_port_is_bound_to_the_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"migrate"}))
def test_every_service_that_stays_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_no_password_is_written_down() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if any(word in name for word in ("PASSWORD", "SECRET", "FERNET")):
                assert value.startswith("${"), name


@pytest.mark.parametrize("variable", sorted(v for v in COMPOSE["x-airflow"]["environment"] if "__" in v))
def test_every_option_is_one_that_airflow_knows(variable: str) -> None:
    from airflow.configuration import conf

    from sagemaker_mirror.compat import AIRFLOW_3_3

    if not AIRFLOW_3_3:
        pytest.skip("the containers have Airflow 3.3")
    _, section, option = variable.split("__")
    assert option.lower() in conf.configuration_description[section.lower()]["options"]
