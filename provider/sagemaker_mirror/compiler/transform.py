"""Transform steps: the request of CreateTransformJob."""

from __future__ import annotations

from typing import Any

from sagemaker_mirror.compiler.chains import chained_channel
from sagemaker_mirror.compiler.data_files import channel_files
from sagemaker_mirror.compiler.encryption import output_key, volume_key
from sagemaker_mirror.compiler.references import Request, Value, execution_uri, join, step_property
from sagemaker_mirror.compiler.refused import Refused
from sagemaker_mirror.compiler.scope import Scope
from sagemaker_mirror.config.model import TransformSection
from sagemaker_mirror.graph import producer


def arguments(scope: Scope) -> Request:
    """Write the request of a Transform step.

    :param scope: the step.
    :raises Refused: the conf asks for something that can't be.
    """
    section = scope.section(TransformSection)
    name, channel = scope.one_channel(section)
    model = producer(scope.config, scope.model, scope.step.name, "CreateModel")
    if model is None:
        raise Refused("needs a CreateModel step above it", *scope.at_step())
    bucket = channel.s3_bucket_name or scope.target.bucket
    output = execution_uri(bucket, channel.input_bucket_prefix, scope.pipeline, scope.step.name)
    source = {"S3DataType": "S3Prefix", "S3Uri": _input_uri(scope, section, name)}
    return {
        "ModelName": step_property(model, "ModelName"),
        "TransformInput": {
            "ContentType": section.content_type,
            "DataSource": {"S3DataSource": source},
            **_given(SplitType=section.split_type),
        },
        "TransformOutput": {
            "Accept": section.content_type,
            "S3OutputPath": output,
            **_given(AssembleWith=section.assemble_with),
            **output_key(scope.target),
        },
        "TransformResources": {
            "InstanceCount": section.instance_count,
            "InstanceType": section.instance_type,
            **volume_key(scope.target, section.instance_type),
        },
        **_given(BatchStrategy=section.strategy, MaxPayloadInMB=section.max_payload),
        **_data_processing(section),
        **({"Environment": dict(section.env)} if section.env else {}),
        **scope.tags(section.tags),
    }


def _input_uri(scope: Scope, section: TransformSection, channel: str) -> Value:
    for output in chained_channel(scope, channel):
        # An empty last part keeps the slash: without it, S3 would also give what only begins with the same name.
        return join("/", output.uri, scope.step.chain_input_additional_prefix or "")
    files = list(channel_files(scope, section))
    if len(files) != 1:
        raise Refused(
            f"a Transform step reads one file or prefix; there are {len(files)}, and no chained step",
            *scope.at_section("channels", channel, "dataFiles"),
        )
    return files[0].uri


def _data_processing(section: TransformSection) -> Request:
    members = _given(
        InputFilter=section.input_filter, OutputFilter=section.output_filter, JoinSource=section.join_source
    )
    return {"DataProcessing": members} if members else {}


def _given(**members: Any) -> Request:
    """Give the members that have a value."""
    return {name: value for name, value in members.items() if value is not None}
