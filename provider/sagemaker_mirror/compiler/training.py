"""Training steps: the request of CreateTrainingJob."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sagemaker_mirror.compiler.chains import chained_outputs
from sagemaker_mirror.compiler.data_files import ChannelFile, channel_files
from sagemaker_mirror.compiler.encryption import output_key, volume_key, vpc_config
from sagemaker_mirror.compiler.manifest import add_manifest, common_prefix
from sagemaker_mirror.compiler.parameters import PARAMETER
from sagemaker_mirror.compiler.references import Request, Value, execution_uri
from sagemaker_mirror.compiler.refused import Refused
from sagemaker_mirror.compiler.scope import Scope
from sagemaker_mirror.compiler.source import BUNDLE
from sagemaker_mirror.compiler.target import Target
from sagemaker_mirror.config.model import TrainingSection

INPUT = "/opt/ml/input/data"
#: The channel that brings the scripts to a container without network.
CODE_CHANNEL = "code"
MODEL_CHANNEL = "model"
#: What the pipeline service sets: a name in the definition would keep steps from ever being reused.
JOB_NAME = "sagemaker_job_name"


def arguments(scope: Scope) -> Request:
    """Write the request of a Training step.

    :param scope: the step.
    :raises Refused: the conf asks for something that can't be.
    """
    section = scope.section(TrainingSection)
    channels = _channels(scope, section)
    bundle = _bundle(scope, section)
    if scope.target.network_isolation:
        channels.append(channel(CODE_CHANNEL, bundle))
        bundle = f"{INPUT}/{CODE_CHANNEL}/{BUNDLE}"
    _check_names(scope, channels)
    toolkit = toolkit_hyperparameters(section.entry_point, bundle, scope.target.region)
    output = section.output_path or execution_uri(scope.target.bucket, None, scope.pipeline, scope.step.name)
    return {
        "AlgorithmSpecification": {"TrainingImage": section.image_uri, "TrainingInputMode": section.input_mode},
        "HyperParameters": {**_own_hyperparameters(scope, section, toolkit), **toolkit},
        **({"Environment": dict(section.env)} if section.env else {}),
        **({"InputDataConfig": channels} if channels else {}),
        "OutputDataConfig": {"S3OutputPath": output, **output_key(scope.target)},
        "ResourceConfig": {
            "InstanceCount": section.instance_count,
            "InstanceType": section.instance_type,
            "VolumeSizeInGB": section.volume_size_in_gb,
            **volume_key(scope.target, section.instance_type),
        },
        "RoleArn": scope.target.role_arn,
        "StoppingCondition": {"MaxRuntimeInSeconds": section.max_runtime_seconds},
        # The step cache compares this, so it can't lie below the execution; the job's name keeps runs apart.
        "DebugHookConfig": {
            "CollectionConfigurations": [],
            "S3OutputPath": section.output_path or f"s3://{scope.target.bucket}/",
        },
        "ProfilerConfig": {"DisableProfiler": False, "S3OutputPath": output},
        **job_network(scope.target),
        **scope.tags(section.tags),
    }


def job_network(target: Target) -> Request:
    """Give the members of a training job's request that say where its containers may go."""
    return {
        "EnableInterContainerTrafficEncryption": target.encrypt_traffic,
        "EnableNetworkIsolation": target.network_isolation,
        **vpc_config(target),
    }


def toolkit_hyperparameters(program: str, bundle: str, region: str) -> dict[str, str]:
    """Give the hyperparameters that tell the training toolkit of AWS's images what to run.

    :param program: the script, relative to the bundle's root.
    :param bundle: where the bundle is: an S3 URI, or a path in the container.
    :param region: the AWS region.
    """
    return {
        "sagemaker_container_log_level": "20",
        "sagemaker_program": json.dumps(program),
        "sagemaker_region": json.dumps(region),
        "sagemaker_submit_directory": json.dumps(bundle),
    }


def channel(
    name: str,
    uri: Value,
    *,
    data_type: str = "S3Prefix",
    distribution: Value = "FullyReplicated",
    mode: Value = "File",
    content_type: Value = None,
) -> Request:
    """Write one entry of ``InputDataConfig``.

    :param name: the channel's name, which is its folder's name in the container.
    :param uri: where it lies in S3.
    :param data_type: what the URI names: ``S3Prefix`` or ``ManifestFile``.
    :param distribution: ``FullyReplicated`` or ``ShardedByS3Key``.
    :param mode: ``File``, ``Pipe`` or ``FastFile``.
    :param content_type: the data's MIME type, if it is to be told.
    """
    source = {"S3DataType": data_type, "S3DataDistributionType": distribution, "S3Uri": uri}
    return {
        "ChannelName": name,
        "InputMode": mode,
        "DataSource": {"S3DataSource": source},
        **({"ContentType": content_type} if content_type else {}),
    }


def _channels(scope: Scope, section: TrainingSection) -> list[Request]:
    """Write the channels: the conf's own, then chained ones, then the model to start from."""
    files: dict[str, list[ChannelFile]] = {}
    for file in channel_files(scope, section):
        files.setdefault(file.channel, []).append(file)
    sources = [(name, *_source(scope, name, group)) for name, group in files.items()]
    sources += [(f"{output.step}-{output.channel}", "S3Prefix", output.uri) for output in chained_outputs(scope)]
    channels = [
        channel(
            name,
            uri,
            data_type=data_type,
            distribution=section.distribution,
            mode=section.input_mode,
            content_type=section.content_type,
        )
        for name, data_type, uri in sources
    ]
    if section.model_data_uri:
        kind = "application/x-sagemaker-model"
        channels.append(channel(MODEL_CHANNEL, section.model_data_uri, content_type=kind))
    return channels


def _source(scope: Scope, name: str, files: Sequence[ChannelFile]) -> tuple[str, Value]:
    """Say where a channel's files lie; the API takes one address, so several files are named by a manifest."""
    if len(files) == 1:
        return "S3Prefix", files[0].uri
    for file in files:
        if file.uri.endswith("/") or not file.uri.startswith("s3://") or PARAMETER.search(file.uri):
            raise Refused(
                f"{file.uri!r} can't be read together with other files, since a manifest names objects, known when "
                "the pipeline is made; give it a channel of its own",
                *file.where,
            )
    if not common_prefix([file.uri for file in files]):
        raise Refused(
            f"the files of channel {name!r} lie in several buckets, of which a channel can read one; make it "
            "several channels",
            *files[-1].where,
        )
    return "ManifestFile", add_manifest(scope.uploads, name, files)


def _check_names(scope: Scope, channels: Sequence[Request]) -> None:
    names = [request["ChannelName"] for request in channels]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        message = f"two inputs of {scope.step.name!r} are called {min(twice)!r}; call your channel something else"
        raise Refused(message, *scope.at_section("channels", min(twice)))


def _bundle(scope: Scope, section: TrainingSection) -> str:
    folder, where = scope.source_directory, scope.at_section("entry_point")
    if "/" in section.entry_point and (folder / "setup.py").is_file():
        raise Refused(
            f"with {folder / 'setup.py'} the container starts {section.entry_point!r} as a module, which "
            "a path is not; move the script to the root, or setup.py away",
            *where,
        )
    return scope.sources.bundle(folder, section.entry_point, *where)


def _own_hyperparameters(scope: Scope, section: TrainingSection, toolkit: Mapping[str, str]) -> dict[str, str]:
    for name in section.hyperparams:
        if name in toolkit or name == JOB_NAME:
            raise Refused(f"{name!r} is set by the compiler or the service", *scope.at_section("hyperparams", name))
    return {name: _encoded(scope, value) for name, value in section.hyperparams.items()}


def _encoded(scope: Scope, value: Any) -> str:
    """Write a hyperparameter as JSON, which the toolkit reads; a number that comes as a parameter needs no quotes."""
    match = PARAMETER.fullmatch(value) if isinstance(value, str) else None
    parameter = scope.config.pipeline.parameters.get(match[1]) if match else None
    return str(value) if parameter is not None and parameter.type != "String" else json.dumps(value)
