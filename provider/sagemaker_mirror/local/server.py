"""The embedded SageMaker as a server on 127.0.0.1. For laptops, demonstrations and tests; not for production.

moto keeps its state (S3, model registry, …) per process: two servers in one process share it.
"""

from __future__ import annotations

import logging
import signal
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server import werkzeug_app
from werkzeug.test import Client

from sagemaker_mirror.local.app import LocalApplication
from sagemaker_mirror.local.calls import Calls
from sagemaker_mirror.local.clients import DEFAULT_REGION, LocalClients, make_client
from sagemaker_mirror.local.control import Control
from sagemaker_mirror.local.engine import Engine
from sagemaker_mirror.local.faults import Faults
from sagemaker_mirror.local.http_server import HttpServer
from sagemaker_mirror.local.jobs import JobRunner
from sagemaker_mirror.local.logs import JobLogs
from sagemaker_mirror.local.service import Limits, Service
from sagemaker_mirror.local.steps import Runner, StepWork
from sagemaker_mirror.local.store import Store
from sagemaker_mirror.local.variants import Variants

_STOP_SECONDS = 30.0

logger = logging.getLogger(__name__)

MakeRunner = Callable[[Callable[[str], Any], Path], Runner]


class LocalSageMaker:
    """An embedded SageMaker, S3, STS, IAM, CloudWatch Logs and model registry.

    Usable as a context manager::

        with LocalSageMaker() as local:
            boto3.client("sagemaker", endpoint_url=local.endpoint_url)

    :param port: to listen on; 0 for a free one.
    :param data_dir: for jobs' files; None for a temporary folder that goes with the server.
    :param control: whether ``/_local/…`` answers more than health.
    :param variants: how to play what AWS doesn't document.
    :param limits: quotas.
    :param make_runner: makes what runs jobs, given a factory of boto3 clients and a folder.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        data_dir: Path | str | None = None,
        control: bool = False,
        variants: Variants | None = None,
        limits: Limits | None = None,
        make_runner: MakeRunner = JobRunner,
    ) -> None:
        self._http = HttpServer(port)
        self._temporary = None if data_dir else tempfile.TemporaryDirectory(prefix="local-sagemaker-")
        work_dir = Path(data_dir or self._temporary.name).resolve()  # type: ignore[union-attr]
        work_dir.mkdir(parents=True, exist_ok=True)
        clients = LocalClients(self.endpoint_url)
        self.faults = Faults()
        self.calls = Calls()
        self._store = Store()
        self._logs = JobLogs(clients)
        work = StepWork(self._store, clients, make_runner(clients, work_dir), self._logs)
        self._engine = Engine(self._store, work, self.faults, lambda: self.variants, clients)
        self._service = Service(self._store, self._engine, work, clients, variants or Variants(), limits or Limits())
        self._app = LocalApplication(
            self._service,
            self.faults,
            self.calls,
            Control(self._service, self.faults, self.calls, enabled=control),
            DEFAULT_ACCOUNT_ID,
            werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app),
        )

    @property
    def endpoint_url(self) -> str:
        """Where it listens, for boto3's ``endpoint_url`` and for ``AWS_ENDPOINT_URL``."""
        return self._http.url

    @property
    def variants(self) -> Variants:
        """How what AWS doesn't document is played; may be set at any time."""
        return self._service.variants

    @variants.setter
    def variants(self, variants: Variants) -> None:
        self._service.variants = variants

    @property
    def studio_users(self) -> Mapping[str, str]:
        """Studio user profile names by access key; their calls look like calls out of Studio."""
        return self._service.studio_users

    @studio_users.setter
    def studio_users(self, users: Mapping[str, str]) -> None:
        self._service.studio_users = users

    def start(self) -> LocalSageMaker:
        """Begin to serve, in a thread."""
        self._http.serve(self._app)
        return self

    def stop(self) -> None:
        """Stop all jobs, then serve no more, and forget everything."""
        if not self._engine.close(_STOP_SECONDS):
            logger.warning("Jobs still run %s s after they were told to stop", _STOP_SECONDS)
        self.faults.clear()  # calls that are held end
        self._logs.close()
        self._http.close()
        Client(self._app).post("/moto-api/reset")
        if self._temporary is not None:
            self._temporary.cleanup()

    def disconnect(self) -> None:
        """Refuse all connections, as where the network is down; jobs go on."""
        self._http.close()

    def reconnect(self) -> None:
        """Listen again, at the same address.

        :raises OSError: if somebody else has taken the port.
        """
        self._http.reopen()
        self._http.serve(self._app)

    def client(self, service: str, region: str = DEFAULT_REGION, access_key: str = "local") -> Any:
        """A boto3 client of a service, as anybody would make it.

        :param access_key: says who calls; any will do.
        """
        return make_client(service, self.endpoint_url, region, access_key)

    def forget(self, execution_arn: str) -> None:
        """Forget an ended execution, as SageMaker's history does in time.

        :raises ServiceError: ResourceNotFound if it is not there.
        :raises ValueError: if it has not ended.
        """
        with self._store.change():
            self._store.remove_execution(execution_arn)

    def wait(self, execution_arn: str, timeout: float = 60.0) -> str:
        """Wait until an execution has ended.

        :param timeout: seconds.
        :return: its status.
        :raises TimeoutError: if it has not ended in time.
        """
        self._engine.show_retry(execution_arn)
        if not self._store.wait_for(lambda: self._store.execution(execution_arn).ended, timeout):
            raise TimeoutError(f"{execution_arn} has not ended within {timeout} s")
        return self._store.execution(execution_arn).status

    def wait_for_step(self, execution_arn: str, step_name: str, status: str, timeout: float = 60.0) -> None:
        """Wait until a step has a status.

        :param timeout: seconds.
        :raises TimeoutError: if it has not in time.
        """

        def has_status() -> bool:
            row = self._store.execution(execution_arn).current_rows.get(step_name)
            return row is not None and row.status == status

        if not self._store.wait_for(has_status, timeout):
            raise TimeoutError(f"Step {step_name} is not {status} within {timeout} s")

    def __enter__(self) -> LocalSageMaker:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def serve(
    port: int,
    data_dir: Path | str | None,
    control: bool,
    ready: Callable[[LocalSageMaker], None] = lambda local: None,
) -> None:
    """Serve until SIGINT or SIGTERM; jobs end with the server.

    :param port: to listen on; 0 for a free one.
    :param data_dir: for jobs' files; None for a temporary folder.
    :param control: whether ``/_local/…`` answers more than health.
    :param ready: is called once it serves, before the address is printed.
    """
    asked_to_stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_stop.set())
    with LocalSageMaker(port=port, data_dir=data_dir, control=control) as local:
        ready(local)
        print(f"Embedded SageMaker at {local.endpoint_url}", flush=True)  # noqa: T201 - what the command says
        asked_to_stop.wait()
