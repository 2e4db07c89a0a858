"""The services of docker-compose.yaml without containers: the same commands, settings, health checks and order."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sagemaker_mirror.local.demo.processes import Processes
from tests.conftest import REPOSITORY

VARIABLE = re.compile(r"\$\{(\w+):\?[^}]*\}")
POLL = 0.5  # seconds


@dataclass(frozen=True)
class Service:
    """One service.

    :param command: what its container would run; empty: what its image says
    :param environment: what it is told
    :param health: the command that says whether it is healthy; empty: it ends
    :param depends_on: other services, and what is awaited of each
    """

    command: list[str]
    environment: dict[str, str]
    health: list[str]
    depends_on: dict[str, str]


def write_env() -> dict[str, str]:
    """Return what ``make up`` writes into ``.env``."""
    text = subprocess.run([REPOSITORY / ".docker/write-env"], check=True, capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in text.splitlines())


def read_services(variables: Mapping[str, str], native: Mapping[str, str]) -> dict[str, Service]:
    """Return the services by name.

    :param variables: the content of ``.env``
    :param native: what stands in the file, and what takes its place on this machine: paths, hosts, ports
    """

    def text(value: Any) -> str:
        filled = VARIABLE.sub(lambda match: variables[match[1]], str(value))
        for container, here in native.items():
            filled = filled.replace(container, here)
        return filled

    def service(raw: Mapping[str, Any]) -> Service:
        # A program before the script is the container's init; without containers there is none.
        command = [*raw.get("entrypoint", []), *raw.get("command", [])]
        return Service(
            command=[text(part) for part in command if part not in ("dumb-init", "--")],
            environment={name: text(value) for name, value in raw.get("environment", {}).items()},
            health=[text(part) for part in raw.get("healthcheck", {}).get("test", [])[1:]],
            depends_on={name: how["condition"] for name, how in raw.get("depends_on", {}).items()},
        )

    raw = yaml.safe_load((REPOSITORY / "docker-compose.yaml").read_text())["services"]
    return {name: service(each) for name, each in raw.items()}


@dataclass(frozen=True)
class Compose:
    """The services, and where they run.

    :param services: by name; those without a command run already
    :param processes: where they run
    :param base: environment that all have
    """

    services: Mapping[str, Service]
    processes: Processes
    base: Mapping[str, str]

    def up(self, timeout: float) -> None:
        """Start all services, each when those that it depends on are as it wants them; wait until all are healthy.

        :param timeout: seconds that each may take to become healthy
        """
        waiting = dict(self.services)
        done: set[str] = set()
        while waiting:
            ready = [name for name, service in waiting.items() if done.issuperset(service.depends_on)]
            assert ready, f"these wait for each other: {sorted(waiting)}"
            for name in ready:
                service = waiting.pop(name)
                for other, condition in service.depends_on.items():
                    if condition == "service_healthy":
                        self.wait_until_healthy(other, timeout)
                if service.command:
                    run = self.processes.start if service.health else self.processes.run
                    run(name, service.command, self._environment(service))
            done.update(ready)
        for name, service in self.services.items():
            if service.health:
                self.wait_until_healthy(name, timeout)

    def wait_until_healthy(self, name: str, timeout: float) -> None:
        """Wait until a service's own health check succeeds.

        :param timeout: seconds
        """
        service = self.services[name]
        deadline = time.monotonic() + timeout
        while True:
            self.processes.check()
            check = subprocess.run(
                service.health, env=self._environment(service), capture_output=True, text=True, check=False
            )
            if check.returncode == 0:
                return
            assert time.monotonic() < deadline, f"{name} is not healthy: {check.stdout}{check.stderr}"
            time.sleep(POLL)

    def _environment(self, service: Service) -> dict[str, str]:
        return {**self.base, **service.environment}


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what the services are to be told by the file."""
    prefixes = ("AIRFLOW_", "AWS_", "SMP_", "REDIS", "PG", "SAGEMAKER_")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
