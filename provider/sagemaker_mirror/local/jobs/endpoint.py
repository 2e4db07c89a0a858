"""The served model, seen from the batch loop."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sagemaker_mirror.local.jobs.container import Container
from sagemaker_mirror.local.jobs.outcome import JobError, JobStopped
from sagemaker_mirror.local.jobs.process import run

SERVING = Path(__file__).with_name("serving.py")


class Endpoint:
    """A model that answers.

    :param stream: to :mod:`~sagemaker_mirror.local.jobs.serving`, and back
    :param container: where that runs
    """

    def __init__(self, stream: io.BufferedRWPair, container: Container) -> None:
        self.stream = stream
        self.container = container

    def wait_until_loaded(self) -> None:
        """Wait for the model.

        :raises JobError: AlgorithmError, if it can't be loaded
        """
        status, body = self.receive()
        if status != 200:
            raise JobError("AlgorithmError", f"Model container failed to respond to ping: {body.decode()}")

    def invoke(self, body: bytes, *, content_type: str, accept: str) -> bytes:
        """Return the model's response.

        :param body: of the request
        :param content_type: of the request
        :param accept: content type that is asked for
        :raises JobError: ClientError if the model refuses the request, AlgorithmError if it fails at it
        """
        header = {"content_type": content_type, "accept": accept, "length": len(body)}
        try:
            self.stream.write(json.dumps(header).encode() + b"\n" + body)
            self.stream.flush()
        except OSError as error:
            raise self.lost(error) from error
        status, response = self.receive()
        if status != 200:
            kind = "ClientError" if status < 500 else "AlgorithmError"
            text = response.decode(errors="replace")
            raise JobError(kind, f"Bad HTTP status received from algorithm: {status}: {text}")  # type: ignore[arg-type]
        return response

    def receive(self) -> tuple[int, bytes]:
        """Read a response."""
        try:
            header = self.stream.readline()
            if not header:
                raise self.lost()
            answer = json.loads(header)
            return answer["status"], self.stream.read(answer["length"])
        except OSError as error:
            raise self.lost(error) from error

    def lost(self, error: OSError | None = None) -> Exception:
        """Return what to raise when the model doesn't answer: it is right if the job is being stopped."""
        if self.container.limits.over is not None:
            return JobStopped()
        what = "didn't answer in time" if isinstance(error, TimeoutError) else "has ended"
        return JobError("AlgorithmError", f"Model container {what}; see job logs for more information")


@contextmanager
def serving(
    container: Container, variables: dict[str, str], *, code: str, program: str, timeout: float
) -> Iterator[Endpoint]:
    """Serve a model while the body runs.

    :param container: with the model in ``/opt/ml/model``
    :param variables: of the container
    :param code: the folder of the program, inside the container
    :param program: the user's module
    :param timeout: seconds that a response may take
    """
    ours, theirs = socket.socketpair()
    argv = ["python", str(SERVING), str(theirs.fileno()), code, program]
    command = replace(container.command(argv, variables, code), pass_fds=(theirs.fileno(),))
    limits = replace(container.limits, done=threading.Event())
    errors: list[Exception] = []

    def serve() -> None:
        try:
            run(container.root.wrap(command, container.ml), limits, container.log)
        except Exception as error:  # to be raised where the job can fail of it
            errors.append(error)
        finally:
            theirs.close()  # now, not before: it is what tells the batch loop that nobody will answer

    server = threading.Thread(target=serve, name="serving", daemon=True)
    server.start()
    try:
        with ours, ours.makefile("rwb") as stream:
            endpoint = Endpoint(stream, container)
            endpoint.wait_until_loaded()
            ours.settimeout(timeout)
            yield endpoint
    finally:
        limits.done.set()
        server.join()
    if errors:
        raise errors[0]
