"""boto3 clients on the embedded SageMaker."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

DEFAULT_REGION = "us-east-1"
# Marks the server's own calls: no fault hits them, and the list of calls leaves them out.
OWN_CALLS = "sagemaker-mirror-own-call"

# Making clients is not safe in several threads at once; using them is.
_making = threading.Lock()


@lru_cache(maxsize=1)
def botocore_session() -> Any:
    """One session for the whole process: service models are read once."""
    return botocore.session.get_session()


@lru_cache(maxsize=1)
def _boto3_session() -> Any:
    return boto3.Session(botocore_session=botocore_session())


def make_client(
    service: str, endpoint_url: str, region: str = DEFAULT_REGION, access_key: str = "local", mark: str | None = None
) -> Any:
    """Make a client.

    :param service: for instance ``s3``.
    :param access_key: shows in who called; any will do.
    :param mark: is added to the user agent.
    """
    with _making:
        return _boto3_session().client(
            service,
            region_name=region,
            endpoint_url=endpoint_url,
            aws_access_key_id=access_key,
            aws_secret_access_key="local",  # noqa: S106 - any will do
            config=Config(
                user_agent_extra=mark,
                s3={"addressing_style": "path"},
                max_pool_connections=50,
                proxies={},
            ),
        )


class LocalClients:
    """Makes the clients of the engine and of jobs, each once.

    :param endpoint_url: of the embedded SageMaker.
    """

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str, region: str = DEFAULT_REGION) -> Any:
        """The client of a service, for instance ``s3``."""
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                self._clients[key] = make_client(service, self._endpoint_url, region, mark=OWN_CALLS)
            return self._clients[key]
