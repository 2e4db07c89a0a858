"""Processing jobs.

The contract is "How Amazon SageMaker Processing Configures Your Processing Container" and its sister pages in the
SageMaker developer guide: configuration in ``/opt/ml/config``, inputs and outputs at their ``LocalPath``, a message
in ``/opt/ml/output/message``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sagemaker_mirror.local.jobs.container import Container
from sagemaker_mirror.local.jobs.data import Mirror, S3Uri
from sagemaker_mirror.local.jobs.environment import job_arn
from sagemaker_mirror.local.jobs.outcome import REASON_LIMIT, JobError, JobOutcome

UPLOAD_INTERVAL = 1.0
"""Seconds between looks for changed files where S3UploadMode is Continuous."""


def run_processing(container: Container, request: dict[str, Any], job_name: str) -> JobOutcome:
    """Run a processing job.

    :param container: where
    :param request: the CreateProcessingJob request
    :param job_name: name of the job
    """
    application = request["AppSpecification"]
    argv = [*application.get("ContainerEntrypoint", ()), *application.get("ContainerArguments", ())]
    if not application.get("ContainerEntrypoint"):
        raise JobError(
            "ClientError", "The embedded SageMaker runs no images: AppSpecification needs a ContainerEntrypoint."
        )
    arn = job_arn("processing-job", job_name, container.region, request.get("RoleArn"))
    write_configuration(container, request, job_name, arn)
    for item in request.get("ProcessingInputs", ()):
        download_input(container, item)
    continuous, at_end = outputs(container, request)
    variables = {"PROCESSING_JOB_NAME": job_name, "PROCESSING_JOB_ARN": arn, **request.get("Environment", {})}
    with uploading(continuous):
        end = container.run(argv, variables)
    outcome = container.outcome(end, exit_message=container.read("/opt/ml/output/message")[:REASON_LIMIT] or None)
    if outcome.status == "Completed":
        for mirror in at_end:
            mirror.sync()
    return outcome


def write_configuration(container: Container, request: dict[str, Any], job_name: str, arn: str) -> None:
    """Write the files in ``/opt/ml/config``."""
    folder = container.path("/opt/ml/config")
    folder.mkdir()
    config = {"ProcessingJobArn": arn, **request, "ProcessingJobName": job_name}
    folder.joinpath("processingjobconfig.json").write_text(json.dumps(config))
    folder.joinpath("resourceconfig.json").write_text(json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]}))


def download_input(container: Container, item: dict[str, Any]) -> None:
    """Put an input where it belongs.

    :raises JobError: ClientError, if it is missing, or of a kind that can't be had here
    """
    source = item.get("S3Input")
    if source is None:
        raise JobError("ClientError", f"Input {item['InputName']!r}: the embedded SageMaker reads only S3Input.")
    if source.get("S3InputMode", "File") != "File" or source.get("S3CompressionType", "None") != "None":
        raise JobError("ClientError", f"Input {item['InputName']!r}: only S3InputMode File, uncompressed, runs here.")
    container.storage.download(source, container.path(source["LocalPath"]))


def outputs(container: Container, request: dict[str, Any]) -> tuple[list[Mirror], list[Mirror]]:
    """Make the output folders; return those that are uploaded continuously, and those that are at the end."""
    continuous: list[Mirror] = []
    at_end: list[Mirror] = []
    for output in request.get("ProcessingOutputConfig", {}).get("Outputs", ()):
        target = output.get("S3Output")
        if target is None:
            raise JobError(
                "ClientError", f"Output {output['OutputName']!r}: the embedded SageMaker writes only S3Output."
            )
        folder = container.path(target["LocalPath"])
        folder.mkdir(parents=True, exist_ok=True)
        mirror = Mirror(container.storage, folder, S3Uri.parse(target["S3Uri"]), container.ml)
        (continuous if target["S3UploadMode"] == "Continuous" else at_end).append(mirror)
    return continuous, at_end


@contextmanager
def uploading(mirrors: Sequence[Mirror]) -> Iterator[None]:
    """Upload what changes in some folders while the body runs, and once more when it has ended."""
    done = threading.Event()
    errors: list[Exception] = []

    def upload() -> None:
        try:
            while not done.wait(UPLOAD_INTERVAL):
                for mirror in mirrors:
                    mirror.sync()
        except Exception as error:  # to be raised where the job can fail of it
            errors.append(error)

    uploader = threading.Thread(target=upload, name="continuous-upload", daemon=True)
    if mirrors:
        uploader.start()
    try:
        yield
    finally:
        done.set()
        if mirrors:
            uploader.join()
    if errors:
        raise errors[0]
    for mirror in mirrors:
        mirror.sync()
