"""Metrics steps: a processing job that writes the report which the model package carries."""

from __future__ import annotations

import posixpath

from sagemaker_mirror.compiler.chains import METRICS_FILE, METRICS_OUTPUT, chained_channel
from sagemaker_mirror.compiler.processing import INPUT, OUTPUT, job_output, job_request
from sagemaker_mirror.compiler.processing_inputs import Reading, s3_input
from sagemaker_mirror.compiler.references import Request, execution_uri
from sagemaker_mirror.compiler.scope import Scope
from sagemaker_mirror.config.model import EvaluateSection

#: What makes numbers of the report available to the pipeline's conditions.
PROPERTY_FILES: list[Request] = [
    {"PropertyFileName": "EvaluationReport", "OutputName": METRICS_OUTPUT, "FilePath": METRICS_FILE}
]


def arguments(scope: Scope) -> Request:
    """Write the request of a Metrics step.

    :param scope: the step.
    :raises Refused: the conf asks for something that can't be.
    """
    section = scope.section(EvaluateSection)
    name, channel = scope.one_channel(section)
    folder = channel.input_local_filepath or INPUT
    reading = Reading(mode=section.s3_input_mode)
    chained = [
        s3_input(f"{output.step}-input", output.uri, posixpath.join(folder, f"{output.step}-{name}"), reading)
        for output in chained_channel(scope, name)
    ]
    bucket = channel.s3_bucket_name or scope.target.bucket
    report = job_output(
        METRICS_OUTPUT,
        channel.output_local_filepath or f"{OUTPUT}/",
        execution_uri(bucket, channel.bucket_prefix, scope.pipeline, scope.step.name, "output", METRICS_OUTPUT),
    )
    return job_request(scope, section, folder, chained, [report], section.max_runtime_in_seconds)
