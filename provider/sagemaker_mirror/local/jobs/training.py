"""Training jobs.

The contract is "Containers with custom training algorithms" in the SageMaker developer guide, and, for scripts, that
of the SageMaker training toolkit, which the framework images have: ``sagemaker_program`` names the script,
``sagemaker_submit_directory`` the archive it is in, and the other hyperparameters are its arguments.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from sagemaker_mirror.local.jobs.container import Container
from sagemaker_mirror.local.jobs.data import Mirror, S3Uri, checked, pack
from sagemaker_mirror.local.jobs.environment import (
    FRAMEWORK_HYPERPARAMETER,
    decode_hyperparameters,
    input_data_config,
    job_arn,
    resource_config,
    training_environment,
    user_arguments,
)
from sagemaker_mirror.local.jobs.outcome import JobError, JobOutcome
from sagemaker_mirror.local.jobs.process import Exit
from sagemaker_mirror.local.jobs.processing import uploading

CODE = "/opt/ml/code"
ERROR_LENGTH, COMMAND_LENGTH = 600, 200
"""Characters of a failed script's output, and of its command line, that a failure's reason has room for."""


def run_training(container: Container, request: dict[str, Any], job_name: str) -> JobOutcome:
    """Run a training job.

    :param container: where
    :param request: the CreateTrainingJob request
    :param job_name: name of the job
    """
    write_configuration(container, request)
    for channel in request.get("InputDataConfig", ()):
        download_channel(container, request, channel)
    variables = {
        "TRAINING_JOB_NAME": job_name,
        "TRAINING_JOB_ARN": job_arn("training-job", job_name, container.region, request.get("RoleArn")),
        **request.get("Environment", {}),
    }
    with uploading(checkpoints(container, request)):
        algorithm = request["AlgorithmSpecification"]
        if algorithm.get("ContainerEntrypoint"):
            failure = ""
            end = container.run(
                [*algorithm["ContainerEntrypoint"], *algorithm.get("ContainerArguments", ())], variables
            )
        else:
            end, failure = run_script(container, request, job_name, variables)
    artifacts = upload_results(container, request, job_name)
    outcome = container.outcome(end, failure=failure)
    if outcome.status == "Failed":
        return outcome
    return container.outcome(end, model_artifacts=artifacts)


def write_configuration(container: Container, request: dict[str, Any]) -> None:
    """Write the files in ``/opt/ml/input/config``."""
    folder = container.path("/opt/ml/input/config")
    folder.mkdir()
    files = {
        "hyperparameters.json": request.get("HyperParameters", {}),
        "inputdataconfig.json": input_data_config(request),
        "resourceconfig.json": resource_config(request["ResourceConfig"].get("InstanceType", "local")),
    }
    for name, content in files.items():
        folder.joinpath(name).write_text(json.dumps(content))


def download_channel(container: Container, request: dict[str, Any], channel: dict[str, Any]) -> None:
    """Put a channel's data at ``/opt/ml/input/data/<channel>``.

    :raises JobError: ClientError, if they are missing, or of a kind that can't be had here
    """
    name = channel["ChannelName"]
    mode = channel.get("InputMode") or request["AlgorithmSpecification"].get("TrainingInputMode", "File")
    source = channel.get("DataSource", {}).get("S3DataSource")
    if source is None or mode not in ("File", "FastFile") or channel.get("CompressionType", "None") != "None":
        raise JobError(
            "ClientError", f"Channel {name!r}: only files in S3, InputMode File or FastFile, uncompressed, run here."
        )
    container.storage.download(source, container.path(f"/opt/ml/input/data/{name}"))


def checkpoints(container: Container, request: dict[str, Any]) -> list[Mirror]:
    """Put earlier checkpoints in their folder, if the job has any; return what uploads the new ones."""
    config = request.get("CheckpointConfig")
    if config is None:
        return []
    uri = S3Uri.parse(config["S3Uri"])
    folder = container.path(config.get("LocalPath", "/opt/ml/checkpoints"))
    folder.mkdir(parents=True, exist_ok=True)
    for item in container.storage.list_prefix(S3Uri(uri.bucket, uri.key.rstrip("/") + "/")):
        container.storage.download_object(item.uri, folder / checked(item.name))
    return [Mirror(container.storage, folder, uri, container.ml)]


def run_script(
    container: Container, request: dict[str, Any], job_name: str, variables: Mapping[str, str]
) -> tuple[Exit, str]:
    """Run a script as the training toolkit does; return how it ended, and what the toolkit would say of a failure.

    :raises JobError: ClientError, if no script is named, or its archive isn't there
    """
    hyperparameters = decode_hyperparameters(request)
    program = variables.get("SAGEMAKER_PROGRAM") or hyperparameters.get("sagemaker_program")
    if not program:
        raise JobError(
            "ClientError",
            "The embedded SageMaker runs no images: name a script in the hyperparameter sagemaker_program, "
            "or a ContainerEntrypoint in AlgorithmSpecification.",
        )
    submitted = variables.get("SAGEMAKER_SUBMIT_DIRECTORY") or hyperparameters.get("sagemaker_submit_directory", CODE)
    if submitted.startswith("s3://"):
        container.storage.extract(S3Uri.parse(submitted), container.path(CODE))
    users = {name: value for name, value in hyperparameters.items() if not name.startswith(FRAMEWORK_HYPERPARAMETER)}
    users.pop("_tuning_objective_metric", None)
    all_variables = {
        **training_environment(request, program=program, job_name=job_name),
        "PYTHONPATH": CODE,
        "CURRENT_HOST": "algo-1",
        "SAGEMAKER_REGION": str(hyperparameters.get("sagemaker_region", container.region)),
        "SAGEMAKER_JOB_NAME": str(hyperparameters.get("sagemaker_job_name", job_name)),
        **variables,
    }
    code = container.path(CODE)
    package = code.joinpath("setup.py").is_file()
    if not package and not code.joinpath(program).is_file():
        raise JobError("ClientError", f"The program {program!r} isn't in {submitted}.")
    container.install_requirements(CODE, all_variables, package=package)
    argv = entry_point(program, package=package) + user_arguments(users)
    if argv[0].startswith("./"):
        code.joinpath(program).chmod(0o755)
    container.log(f"Invoking script with the following command: {shlex.join(argv)}")
    end = container.run(argv, all_variables, CODE)
    return end, script_error(end, argv)


def script_error(end: Exit, argv: Sequence[str]) -> str:
    """Return what the toolkit says of a script that failed: of the output, the end."""
    output = "\n".join(end.tail)[-ERROR_LENGTH:]
    command = shlex.join(argv)[:COMMAND_LENGTH]
    return f'ExecuteUserScriptError:\nExitCode {end.code}\nErrorMessage "{output}"\nCommand "{command}"'


def entry_point(program: str, *, package: bool) -> list[str]:
    """Return how a program is run: a module where there is a ``setup.py`` beside it, a script, or a command."""
    if package:
        return ["python", "-m", program.removesuffix(".py").replace("/", ".")]
    return ["python", program] if program.endswith(".py") else [f"./{program}"]


def upload_results(container: Container, request: dict[str, Any], job_name: str) -> str:
    """Upload ``model.tar.gz`` and ``output.tar.gz``, as far as the job wrote anything; also if it failed or stopped.

    :return: the URI of the model, whether there is one or not, as DescribeTrainingJob has it
    """
    place = S3Uri.parse(request["OutputDataConfig"]["S3OutputPath"]).below(f"{job_name}/output")
    for folder, name in (("/opt/ml/model", "model.tar.gz"), ("/opt/ml/output/data", "output.tar.gz")):
        archive = container.folder / name
        if pack(container.path(folder), archive):
            container.storage.upload(archive, place.below(name))
        elif name == "model.tar.gz":
            container.log("No model artifact is saved under path /opt/ml/model.")
    return str(place.below("model.tar.gz"))
