"""Batch transform jobs.

The contract is "Use Your Own Inference Code with Batch Transform" in the SageMaker developer guide (the model's files
in ``/opt/ml/model``, each object of the input as ``<S3OutputPath>/<name>.out``), and that of the inference toolkit:
the user's module in the archive's ``code`` folder.
"""

from __future__ import annotations

import gzip
from typing import Any

from sagemaker_mirror.local.jobs.container import Container
from sagemaker_mirror.local.jobs.data import InputObject, S3Uri, checked
from sagemaker_mirror.local.jobs.endpoint import Endpoint, serving
from sagemaker_mirror.local.jobs.environment import job_arn
from sagemaker_mirror.local.jobs.outcome import JobError, JobOutcome
from sagemaker_mirror.local.jobs.records import DEFAULT_MAX_PAYLOAD, Plan

MODEL = "/opt/ml/model"
CODE = f"{MODEL}/code"
SUBMITTED = "/opt/ml/code"
INVOCATION_TIMEOUT = 600
"""``ModelClientConfig.InvocationsTimeoutInSeconds`` where the request doesn't give it."""


def run_transform(container: Container, request: dict[str, Any], model: dict[str, Any], job_name: str) -> JobOutcome:
    """Run a batch transform job.

    :param container: where
    :param request: the CreateTransformJob request
    :param model: the model, as DescribeModel returns it
    :param job_name: name of the job
    """
    plan = Plan.of(request)
    definition = only_container(model)
    objects = container.storage.find(request["TransformInput"]["DataSource"]["S3DataSource"])
    download_model(container, definition)
    variables = {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": request.get("BatchStrategy", "MultiRecord"),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "1",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(request.get("MaxPayloadInMB", DEFAULT_MAX_PAYLOAD)),
        "TRANSFORM_JOB_ARN": job_arn("transform-job", job_name, container.region, model.get("ExecutionRoleArn")),
        **definition.get("Environment", {}),
        **request.get("Environment", {}),
    }
    code, program = find_program(container, variables)
    container.install_requirements(code, variables)
    timeout = request.get("ModelClientConfig", {}).get("InvocationsTimeoutInSeconds", INVOCATION_TIMEOUT)
    with serving(container, variables, code=code, program=program, timeout=timeout) as endpoint:
        for item in objects:
            transform_object(container, endpoint, plan, request, variables, item)
    return JobOutcome("Completed")


def only_container(model: dict[str, Any]) -> dict[str, Any]:
    """Return the definition of the model's container.

    :raises JobError: ClientError, if it has several: an inference pipeline
    """
    containers = model.get("Containers") or [model["PrimaryContainer"]]
    if len(containers) > 1:
        raise JobError("ClientError", "The embedded SageMaker serves only models of one container.")
    definition: dict[str, Any] = containers[0]
    return definition


def download_model(container: Container, definition: dict[str, Any]) -> None:
    """Put the model where it belongs.

    :raises JobError: ClientError, if it isn't there
    """
    source = definition.get("ModelDataSource", {}).get("S3DataSource")
    url = definition.get("ModelDataUrl") or (source or {}).get("S3Uri")
    if url is None:
        return
    if source and source.get("CompressionType") == "None":
        container.storage.download({"S3DataType": "S3Prefix", "S3Uri": url}, container.path(MODEL))
    else:
        container.storage.extract(S3Uri.parse(url), container.path(MODEL))


def find_program(container: Container, variables: dict[str, str]) -> tuple[str, str]:
    """Return the folder, inside the container, and the name of the user's module.

    :raises JobError: AlgorithmError, as when an image doesn't come up, if there is none
    """
    program = variables.get("SAGEMAKER_PROGRAM")
    if not program:
        raise JobError("AlgorithmError", "Model container failed to respond to ping: SAGEMAKER_PROGRAM isn't set.")
    submitted = variables.get("SAGEMAKER_SUBMIT_DIRECTORY", CODE)
    if submitted.startswith("s3://"):
        container.storage.extract(S3Uri.parse(submitted), container.path(SUBMITTED))
        submitted = SUBMITTED
    folder = container.path(submitted)
    module = folder / program.removesuffix(".py").replace(".", "/")
    if not module.with_suffix(".py").is_file() and not module.joinpath("__init__.py").is_file():
        raise JobError(
            "AlgorithmError",
            f"Model container failed to respond to ping: SAGEMAKER_PROGRAM {program!r} isn't in {submitted}; "
            "is it in the folder code of the model's archive?",
        )
    return submitted, program


def transform_object(
    container: Container,
    endpoint: Endpoint,
    plan: Plan,
    request: dict[str, Any],
    variables: dict[str, str],
    item: InputObject,
) -> None:
    """Transform one object, and upload the result."""
    content = container.storage.read(item.uri)
    if request["TransformInput"].get("CompressionType") == "Gzip":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError) as error:
            raise JobError("ClientError", f"{item.uri} isn't gzip: {error}") from error
    content_type = request["TransformInput"].get("ContentType") or "application/json"
    accept = request["TransformOutput"].get("Accept") or "*/*"
    if accept == "*/*":
        accept = variables.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/json")
    output = container.folder / "output"
    with output.open("wb") as file:
        for batch, payload in plan.batches(plan.records(content)):
            response = endpoint.invoke(payload, content_type=content_type, accept=accept)
            file.write(plan.results(batch, response))
    place = S3Uri.parse(request["TransformOutput"]["S3OutputPath"]).below(f"{checked(item.name)}.out")
    container.storage.upload(output, place)
    container.log(f"{item.uri} -> {place}")
