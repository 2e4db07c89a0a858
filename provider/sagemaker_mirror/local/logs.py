"""Job output goes to CloudWatch Logs, as on AWS: one group per kind of job, one stream per job."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sagemaker_mirror.local.records import Job

_FLUSH_SECONDS = 0.5
_MAX_EVENTS = 1000  # PutLogEvents takes 10,000, and 1 MiB
_MAX_MESSAGE = 8192

logger = logging.getLogger(__name__)


class JobLog:
    """The log stream of one job.

    :param client: of CloudWatch Logs.
    """

    def __init__(self, client: Any, job: Job) -> None:
        self._client = client
        self.group = f"/aws/sagemaker/{job.kind}s"
        self.stream = f"{job.name}/algo-1-{int(job.created.timestamp())}"
        self._lines: list[tuple[int, str]] = []
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._created = False

    def write(self, line: str) -> None:
        """Take one line; it is sent with the next flush."""
        moment = int(time.time() * 1000)
        text = line.rstrip("\n") or " "  # a log event is never empty
        pieces = [text[start : start + _MAX_MESSAGE] for start in range(0, len(text), _MAX_MESSAGE)]
        with self._lock:
            self._lines.extend((moment, piece) for piece in pieces)

    def flush(self) -> None:
        """Send what was written, in batches."""
        with self._sending:
            with self._lock:
                lines, self._lines = self._lines, []
            if not self._created:
                self._create()
                self._created = True
            for start in range(0, len(lines), _MAX_EVENTS):
                self._client.put_log_events(
                    logGroupName=self.group,
                    logStreamName=self.stream,
                    logEvents=[
                        {"timestamp": moment, "message": text} for moment, text in lines[start : start + _MAX_EVENTS]
                    ],
                )

    def _create(self) -> None:
        for create, names in (
            (self._client.create_log_group, {"logGroupName": self.group}),
            (self._client.create_log_stream, {"logGroupName": self.group, "logStreamName": self.stream}),
        ):
            _ignoring_existing(self._client, create, names)


def _ignoring_existing(client: Any, create: Callable[..., Any], names: dict[str, str]) -> None:
    try:
        create(**names)
    except client.exceptions.ResourceAlreadyExistsException:
        logger.debug("%s exists", names)


class JobLogs:
    """Flushes the logs of running jobs now and then, in a thread of its own.

    :param clients: makes boto3 clients, by service and region.
    """

    def __init__(self, clients: Callable[[str, str], Any]) -> None:
        self._clients = clients
        self._open: set[JobLog] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep_flushing, name="job-logs", daemon=True)
        self._thread.start()

    def open(self, job: Job) -> JobLog:
        """Begin the log of a job."""
        log = JobLog(self._clients("logs", job.scope.region), job)
        with self._lock:
            self._open.add(log)
        return log

    def end(self, log: JobLog) -> None:
        """Send the rest of a job's log."""
        with self._lock:
            self._open.discard(log)
        _flush(log)

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._thread.join()

    def _keep_flushing(self) -> None:
        while not self._closed.wait(_FLUSH_SECONDS):
            with self._lock:
                logs = tuple(self._open)
            for log in logs:
                _flush(log)


def _flush(log: JobLog) -> None:
    # As on AWS, a job does not fail because its log can't be written.
    try:
        log.flush()
    except (BotoCoreError, ClientError) as error:
        logger.warning("The log %s lost lines: %s", log.stream, error)
