"""The section that a step reads, from the request that the step stands for: what the step compilers do, backwards."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sagemaker_mirror.compiler.chains import METRICS_OUTPUT
from sagemaker_mirror.compiler.processing import INPUT, OUTPUT
from sagemaker_mirror.compiler.processing_inputs import CODE, ENTRYPOINT
from sagemaker_mirror.compiler.scope import DEFAULT_CHANNEL
from sagemaker_mirror.compiler.training import CODE_CHANNEL, MODEL_CHANNEL, toolkit_hyperparameters
from sagemaker_mirror.config.fields import PARAMETER
from sagemaker_mirror.config.model import (
    EvaluateSection,
    ProcessingSection,
    RegistrySection,
    TrainingSection,
    TransformSection,
)
from sagemaker_mirror.config.sections import InferenceSpecification
from sagemaker_mirror.importer.rewriting.code import Code
from sagemaker_mirror.importer.rewriting.values import concise, output_of, place_of, source_of

Keys = dict[str, Any]


class Rewritten(NamedTuple):
    """A step as a conf has it.

    :param section: the section that it reads.
    :param step: the step's own keys that follow from the request: those of chained inputs.
    :param bundle: the address of its scripts; None where it has none of its own.
    """

    section: Keys
    step: Keys
    bundle: str | None = None


class Surroundings(NamedTuple):
    """What a request doesn't hold.

    :param code: the scripts.
    :param bucket: the bucket for code and outputs.
    :param channels: names of channels that other steps call a step's output by.
    """

    code: Code
    bucket: str
    channels: Mapping[str, str]


def processing(name: str, request: Keys, around: Surroundings) -> Rewritten:
    """Rewrite a Processing step."""
    job, static, chained, bundle = _job(request, around)
    outputs = request["ProcessingOutputConfig"]["Outputs"]
    channels: Keys = {output["OutputName"]: {} for output in outputs}
    if static:
        # Under one channel: a channel is a name of outputs here, and inputs have names of their own.
        channels[next(iter(channels))] = {"dataFiles": static}
    folder = posixpath.dirname(outputs[0]["S3Output"]["LocalPath"])
    section = {
        **job,
        "max_runtime_seconds": request["StoppingCondition"]["MaxRuntimeInSeconds"],
        "s3_upload_mode": outputs[0]["S3Output"]["S3UploadMode"],
        "location": {"outputLocalFilepath": folder} if folder != OUTPUT else None,
        "channels": None if channels == {DEFAULT_CHANNEL: {}} else channels,
    }
    return Rewritten(concise(ProcessingSection, section), _chain(chained), bundle)


def metrics(name: str, request: Keys, around: Surroundings) -> Rewritten:
    """Rewrite a Metrics step."""
    job, static, chained, bundle = _job(request, around)
    channel, folder = DEFAULT_CHANNEL, INPUT
    for item in chained:
        folder, last = posixpath.split(item["S3Input"]["LocalPath"])
        channel = last.removeprefix(f"{source_of(item['S3Input']['S3Uri'])}-")
    report = next(it for it in request["ProcessingOutputConfig"]["Outputs"] if it["OutputName"] == METRICS_OUTPUT)
    place, path = place_of(report["S3Output"]["S3Uri"]), report["S3Output"]["LocalPath"]
    own = {
        "dataFiles": static,
        "s3BucketName": None if place.bucket == around.bucket else place.bucket,
        "bucket_prefix": place.prefix,
        "InputLocalFilepath": None if folder == INPUT else folder,
        "OuputLocalFilepath": None if path == f"{OUTPUT}/" else path,
    }
    section = {
        **job,
        "max_runtime_in_seconds": request["StoppingCondition"]["MaxRuntimeInSeconds"],
        "channels": {channel: {key: value for key, value in own.items() if value}},
    }
    return Rewritten(concise(EvaluateSection, section), _chain(chained), bundle)


def _job(request: Keys, around: Surroundings) -> tuple[Keys, list[Keys], list[Keys], str]:
    """What all processing jobs have: keys of the section, static inputs, chained inputs, and the bundle."""
    inputs = {item["InputName"]: item for item in request["ProcessingInputs"]}
    code, start = inputs.pop(CODE)["S3Input"]["S3Uri"], inputs.pop(ENTRYPOINT)["S3Input"]["S3Uri"]
    static = [item for item in inputs.values() if source_of(item["S3Input"]["S3Uri"]) is None]
    chained = [item for item in inputs.values() if source_of(item["S3Input"]["S3Uri"]) is not None]
    cluster = request["ProcessingResources"]["ClusterConfig"]
    reading: Keys = next((item["S3Input"] for item in (*static, *chained)), {})
    keys = {
        "image_uri": request["AppSpecification"]["ImageUri"],
        "entry_point": around.code.entry_points[start],
        "instance_count": cluster["InstanceCount"],
        "instance_type": cluster["InstanceType"],
        "volume_size_in_gb": cluster["VolumeSizeInGB"],
        "env": request.get("Environment"),
        "s3_data_type": static[0]["S3Input"]["S3DataType"] if static else None,
        "s3_input_mode": reading.get("S3InputMode"),
        "s3_data_distribution_type": reading.get("S3DataDistributionType"),
        "tags": tags(request),
    }
    files = [{"sourceName": item["InputName"], "fileName": item["S3Input"]["S3Uri"]} for item in static]
    return keys, files, chained, code


def training(name: str, request: Keys, around: Surroundings) -> Rewritten:
    """Rewrite a Training step."""
    parameters = dict(request["HyperParameters"])
    bundle = json.loads(parameters["sagemaker_submit_directory"])
    program = json.loads(parameters["sagemaker_program"])
    for key in toolkit_hyperparameters("", "", ""):
        del parameters[key]
    channels: Keys = {}
    chained, start = [], None
    reading: Keys = {}
    for item in request.get("InputDataConfig", ()):
        source = item["DataSource"]["S3DataSource"]
        if item["ChannelName"] == CODE_CHANNEL and request["EnableNetworkIsolation"]:
            bundle = source["S3Uri"]
        elif item["ChannelName"] == MODEL_CHANNEL and item.get("ContentType") == "application/x-sagemaker-model":
            start = source["S3Uri"]
        else:
            reading = {**source, **item}
            if source_of(source["S3Uri"]) is None:
                files = around.code.manifests.get(source["S3Uri"], [source["S3Uri"]])
                channels[item["ChannelName"]] = {"dataFiles": [{"fileName": file} for file in files]}
            else:
                chained.append(source_of(source["S3Uri"]))
    called = around.channels.get(name, DEFAULT_CHANNEL)
    if not channels and called != DEFAULT_CHANNEL:
        channels = {called: {}}
    resources, output = request["ResourceConfig"], request["OutputDataConfig"]["S3OutputPath"]
    section = {
        "image_uri": request["AlgorithmSpecification"]["TrainingImage"],
        "entry_point": program,
        "instance_count": resources["InstanceCount"],
        "instance_type": resources["InstanceType"],
        "volume_size_in_gb": resources["VolumeSizeInGB"],
        "max_runtime_seconds": request["StoppingCondition"]["MaxRuntimeInSeconds"],
        "hyperparams": {key: _hyperparameter(value) for key, value in parameters.items()},
        "env": request.get("Environment"),
        "model_data_uri": start,
        "output_path": output if isinstance(output, str) else None,
        "input_mode": request["AlgorithmSpecification"]["TrainingInputMode"],
        "distribution": reading.get("S3DataDistributionType"),
        "content_type": reading.get("ContentType"),
        "channels": channels,
        "tags": tags(request),
    }
    return Rewritten(concise(TrainingSection, section), _sources(chained), bundle)


def _hyperparameter(text: str) -> Any:
    return text if PARAMETER.fullmatch(text) else json.loads(text)


def transform(name: str, request: Keys, around: Surroundings) -> Rewritten:
    """Rewrite a Transform step; image and script are those of its model."""
    uri = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    channel = around.channels.get(name, DEFAULT_CHANNEL)
    own: Keys = {}
    step: Keys = {}
    if isinstance(uri, str):
        own["dataFiles"] = [{"fileName": uri}]
    else:
        source, prefix = uri["Std:Join"]["Values"]
        channel = output_of(source) or channel
        step = {**_sources([source_of(source)]), **({"chain_input_additional_prefix": prefix} if prefix else {})}
    place = place_of(request["TransformOutput"]["S3OutputPath"])
    if place.bucket != around.bucket:
        own["s3BucketName"] = place.bucket
    if place.prefix:
        own["inputBucketPrefix"] = place.prefix
    resources, data = request["TransformResources"], request.get("DataProcessing", {})
    section = {
        "instance_count": resources["InstanceCount"],
        "instance_type": resources["InstanceType"],
        "strategy": request.get("BatchStrategy"),
        "assemble_with": request["TransformOutput"].get("AssembleWith"),
        "join_source": data.get("JoinSource"),
        "split_type": request["TransformInput"].get("SplitType"),
        "content_type": request["TransformInput"]["ContentType"],
        "max_payload": request.get("MaxPayloadInMB"),
        "input_filter": data.get("InputFilter"),
        "output_filter": data.get("OutputFilter"),
        "env": request.get("Environment"),
        "channels": {channel: own} if own or channel != DEFAULT_CHANNEL else None,
        "tags": tags(request),
    }
    return Rewritten(concise(TransformSection, section), step)


def create_model(name: str, request: Keys, around: Surroundings) -> Rewritten:
    """Rewrite a CreateModel step."""
    served = {
        "image_uri": request["PrimaryContainer"]["Image"],
        "supported_content_types": [],
        "supported_response_MIME_types": [],
    }
    section = {"InferenceSpecification": concise(InferenceSpecification, served), "tags": tags(request)}
    return Rewritten(concise(RegistrySection, section), {})


def register_model(name: str, request: Keys, around: Surroundings) -> Rewritten:
    """Rewrite a RegisterModel step."""
    serving = request["InferenceSpecification"]
    served = {
        "image_uri": serving["Containers"][0]["Image"],
        "supported_content_types": serving["SupportedContentTypes"],
        "supported_response_MIME_types": serving["SupportedResponseMIMETypes"],
        "approval_status": request["ModelApprovalStatus"],
        "SupportedRealtimeInferenceInstanceTypes": serving["SupportedRealtimeInferenceInstanceTypes"],
        "SupportedTransformInstanceTypes": serving["SupportedTransformInstanceTypes"],
    }
    section = {
        "ModelPackageGroupName": request["ModelPackageGroupName"],
        "ModelPackageDescription": request.get("ModelPackageDescription"),
        "InferenceSpecification": concise(InferenceSpecification, served),
    }
    return Rewritten(concise(RegistrySection, section), {})


REWRITERS: Mapping[str, Callable[[str, Keys, Surroundings], Rewritten]] = {
    "Processing": processing,
    "Metrics": metrics,
    "Training": training,
    "Transform": transform,
    "CreateModel": create_model,
    "RegisterModel": register_model,
}
"""What rewrites a step, by the class that it has in a conf."""


def tags(request: Keys) -> dict[str, str]:
    """Give the tags of what a step creates."""
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}


def _chain(inputs: list[Keys]) -> Keys:
    return _sources([source_of(item["S3Input"]["S3Uri"]) for item in inputs])


def _sources(steps: list[str | None]) -> Keys:
    return {"chain_input_source_step": list(dict.fromkeys(steps))} if steps else {}
