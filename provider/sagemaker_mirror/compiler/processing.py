"""Processing steps: the request of CreateProcessingJob. Metrics steps are such jobs too."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from sagemaker_mirror.compiler import entrypoint
from sagemaker_mirror.compiler.chains import chained_outputs, channel_names
from sagemaker_mirror.compiler.encryption import output_key, volume_key, vpc_config
from sagemaker_mirror.compiler.processing_inputs import (
    CODE,
    ENTRYPOINT,
    Reading,
    fit_inputs,
    s3_input,
    static_inputs,
)
from sagemaker_mirror.compiler.references import Request, Value, execution_uri
from sagemaker_mirror.compiler.scope import Scope
from sagemaker_mirror.compiler.uploads import Content
from sagemaker_mirror.config.model import EvaluateSection, ProcessingSection

INPUT = "/opt/ml/processing/input"
OUTPUT = "/opt/ml/processing/output"


def arguments(scope: Scope) -> Request:
    """Write the request of a Processing step.

    :param scope: the step.
    :raises Refused: the conf asks for something that can't be.
    """
    section = scope.section(ProcessingSection)
    reading = Reading("S3Prefix", section.s3_input_mode, section.s3_data_distribution_type)
    chained = [
        s3_input(name := f"{output.step}-input-{output.channel}", output.uri, f"{INPUT}/{name}", reading)
        for output in chained_outputs(scope)
    ]
    folder = section.location.output_local_filepath or OUTPUT
    outputs = [
        job_output(
            channel,
            posixpath.join(folder, channel),
            execution_uri(scope.target.bucket, None, scope.pipeline, scope.step.name, "output", channel),
            section.s3_upload_mode,
        )
        for channel in channel_names(scope)
    ]
    return job_request(scope, section, INPUT, chained, outputs, section.max_runtime_seconds)


def job_output(name: str, path: str, uri: Value, mode: Value = "EndOfJob") -> Request:
    """Write one entry of ``ProcessingOutputConfig.Outputs``.

    :param name: the output's name.
    :param path: its folder in the container.
    :param uri: where it goes in S3.
    :param mode: when it is uploaded, ``EndOfJob`` or ``Continuous``.
    """
    output = {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}
    return {"OutputName": name, "AppManaged": False, "S3Output": output}


def job_request(
    scope: Scope,
    section: ProcessingSection | EvaluateSection,
    folder: str,
    chained: Sequence[Request],
    outputs: Sequence[Request],
    max_runtime: Value,
) -> Request:
    """Write the request of a processing job that runs a script of the model's source folder.

    :param scope: the step.
    :param section: its section.
    :param folder: the folder in the container that holds the folders of static inputs.
    :param chained: the inputs that other steps give.
    :param outputs: the outputs.
    :param max_runtime: the longest run, in seconds.
    :raises Refused: the conf asks for something that can't be.
    """
    target = scope.target
    where = scope.at_section("entry_point")
    code = f"{INPUT}/{CODE}/"
    bundle = scope.sources.bundle(scope.source_directory, section.entry_point, *where)
    names = [request["InputName"] for request in chained]
    reading = Reading(section.s3_data_type, section.s3_input_mode, section.s3_data_distribution_type)
    files = static_inputs(scope, section, folder, names)
    static, links = fit_inputs(scope, files, reading, folder, others=len(chained) + 2)
    script = entrypoint.entrypoint_script(section.entry_point, code.rstrip("/"), links, *where)
    content = Content.of_bytes(f"start of {section.entry_point}", script)
    return {
        "AppSpecification": {
            "ImageUri": section.image_uri,
            "ContainerEntrypoint": ["/bin/bash", f"{INPUT}/{ENTRYPOINT}/{entrypoint.NAME}"],
        },
        **({"Environment": dict(section.env)} if section.env else {}),
        "NetworkConfig": {
            "EnableInterContainerTrafficEncryption": target.encrypt_traffic,
            "EnableNetworkIsolation": target.network_isolation,
            **vpc_config(target),
        },
        "ProcessingInputs": [
            *static,
            *chained,
            s3_input(CODE, bundle, code),
            s3_input(ENTRYPOINT, scope.uploads.add(content, "code", entrypoint.NAME).uri, f"{INPUT}/{ENTRYPOINT}"),
        ],
        "ProcessingOutputConfig": {"Outputs": list(outputs), **output_key(target)},
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": section.instance_count,
                "InstanceType": section.instance_type,
                "VolumeSizeInGB": section.volume_size_in_gb,
                **volume_key(target, section.instance_type),
            }
        },
        "RoleArn": target.role_arn,
        "StoppingCondition": {"MaxRuntimeInSeconds": max_runtime},
        **scope.tags(section.tags),
    }
