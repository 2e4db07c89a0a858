"""What can be known of docker-compose.yaml without a Docker engine; tests/e2e/test_celery.py runs its services.

``compose-spec.json`` beside this is the Compose specification's own schema, as Docker Compose 2.40.3 has it
(https://github.com/compose-spec/compose-spec, Apache License 2.0).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.conftest import REPOSITORY

TEXT = (REPOSITORY / "docker-compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_the_file_follows_the_compose_specification() -> None:
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker(formats=())).validate(COMPOSE)


def test_an_unknown_key_would_be_found() -> None:
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    services = {**SERVICES, "worker": {**SERVICES["worker"], "comand": ["/opt/services/worker"]}}
    with pytest.raises(jsonschema.ValidationError, match="comand"):
        jsonschema.Draft7Validator(schema).validate({**COMPOSE, "services": services})


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_script_that_a_service_runs_is_there_and_mounted(name: str) -> None:
    service = SERVICES[name]
    words = [
        *service.get("entrypoint", []),
        *service.get("command", []),
        *service.get("healthcheck", {}).get("test", []),
    ]
    scripts = [word for word in words if word.startswith("/opt/services/")]
    assert all(os.access(REPOSITORY / ".docker/services" / Path(script).name, os.X_OK) for script in scripts)
    assert not scripts or "./.docker/services:/opt/services:ro" in service["volumes"]


def test_make_up_writes_every_variable_and_never_the_same_secret_twice() -> None:
    def written() -> dict[str, str]:
        text = subprocess.run([REPOSITORY / ".docker/write-env"], check=True, capture_output=True, text=True).stdout
        return dict(line.split("=", 1) for line in text.splitlines())

    first, second = written(), written()
    assert set(re.findall(r"\$\{(\w+)", TEXT)) == first.keys() - {"COMPOSE_PROJECT_NAME"}
    secrets = [value for env in (first, second) for name, value in env.items() if name != "COMPOSE_PROJECT_NAME"]
    assert len(set(secrets)) == len(secrets)
    assert all(len(secret) > 30 for secret in secrets)


def test_every_published_port_is_bound_to_the_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"migrate"}))
def test_every_service_that_stays_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_what_ends_is_waited_for() -> None:
    # `docker compose up --wait`, which `make up` calls, takes the end of any other service for a failure:
    # https://github.com/docker/compose/issues/10596
    awaited = [each.get("depends_on", {}).get("migrate", {}).get("condition") for each in SERVICES.values()]
    assert "service_completed_successfully" in awaited


def test_no_password_is_written_down() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if any(name.endswith(word) for word in ("PASSWORD", "SECRET", "_KEY", "AUTH")):
                assert value.startswith("${"), name
            # Addresses with a password have it from .env as well.
            assert not re.search(r":[^/@:]+@", re.sub(r"\$\{[^}]*\}", "", value)), name


@pytest.mark.parametrize("variable", sorted(v for v in COMPOSE["x-airflow"]["environment"] if "__" in v))
def test_every_option_is_one_that_airflow_knows(variable: str) -> None:
    from airflow.configuration import conf

    from sagemaker_mirror.compat import AIRFLOW_3_3

    if not AIRFLOW_3_3:
        pytest.skip("the containers have Airflow 3.3")
    _, section, option = variable.split("__")
    assert option.lower() in conf.configuration_description[section.lower()]["options"]
