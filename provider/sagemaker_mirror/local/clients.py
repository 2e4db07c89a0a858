"""boto3 clients on the embedded SageMaker itself, for its engine and its jobs."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config

DEFAULT_REGION = "us-east-1"
# Marks the server's own calls: no fault hits them, and the list of calls leaves them out.
OWN_CALLS = "sagemaker-mirror-own-call"


class LocalClients:
    """Makes clients, each once. Clients of boto3 can be used from any thread.

    :param endpoint_url: of the embedded SageMaker.
    """

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._session: Any = boto3.Session("local", "local")  # any key will do
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str, region: str = DEFAULT_REGION) -> Any:
        """The client of a service, for instance ``s3``."""
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint_url,
                    config=Config(
                        user_agent_extra=OWN_CALLS,
                        s3={"addressing_style": "path"},
                        max_pool_connections=50,
                        proxies={},
                    ),
                )
            return self._clients[key]
