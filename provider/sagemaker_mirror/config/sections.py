"""The sections of a model: what each step class reads from ``conf.models.<model>.<section>``.

Paths in ``api=`` lie in the request that the step stands for (CreateProcessingJob, CreateTrainingJob, CreateModel,
CreateTransformJob, CreateModelPackage), as the `SageMaker API reference
<https://docs.aws.amazon.com/sagemaker/latest/APIReference/Welcome.html>`__ names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, WithJsonSchema, model_validator

from sagemaker_mirror.config.fields import (
    FLAG,
    NOTHING,
    EnvironmentValue,
    Keys,
    Tags,
    Text,
    TextList,
    WrittenText,
    key,
    one_of,
    whole_number,
    wrong,
)

NO_JOB_NAMES = "SageMaker Pipelines names the jobs; give the step a display_name to tell them apart"


class DataFile(Keys):
    """One input of a channel."""

    source_name: Annotated[
        Text | None, key("Name of the input, and of its folder in the container.", alias="sourceName")
    ] = None
    file_name: Annotated[
        Text | None,
        key(
            "S3 URI (object or prefix), or a path relative to the model's folder that is staged to S3.",
            alias="fileName",
        ),
    ] = None


class Channel(Keys):
    """A channel: input files under one name, and the name of an output (processing)."""

    data_files: Annotated[
        tuple[DataFile, ...], key("The files of the channel; all of them are used.", alias="dataFiles")
    ] = ()
    s3_bucket_name: Annotated[
        Text | None,
        key("Bucket that local files are staged to; the configured bucket by default.", alias="s3BucketName"),
    ] = None
    input_bucket_prefix: Annotated[
        Text | None, key("Prefix that local files are staged under.", alias="inputBucketPrefix")
    ] = None
    s3_bucket: Annotated[Text | None, key("Bucket of files that are given by key only.", alias="s3Bucket")] = None
    s3_input_prefix: Annotated[
        Text | None, key("Prefix of files that are given by key only.", alias="s3InputPrefix")
    ] = None
    bucket_prefix: Annotated[Text | None, key("Prefix of the metrics report in the bucket.", steps=("Metrics",))] = (
        None
    )
    input_local_filepath: Annotated[
        Text | None,
        key("Folder in the container that inputs are loaded to.", alias="InputLocalFilepath", steps=("Metrics",)),
    ] = None
    output_local_filepath: Annotated[
        Text | None,
        key(
            "Folder in the container that the report is taken from (spelled as the framework spells it).",
            alias="OuputLocalFilepath",
            steps=("Metrics",),
        ),
    ] = None


def _channels_by_name(value: Any) -> Any:
    """A channel may be named without contents: ``channels: train`` or ``channels: {train: }``."""
    if isinstance(value, str):
        return {value: {}}
    if isinstance(value, dict):
        return {name: {} if channel is None else channel for name, channel in value.items()}
    return value


Channels = Annotated[
    Mapping[Text, Channel],
    BeforeValidator(_channels_by_name),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "additionalProperties": {"anyOf": [{"$ref": "#/$defs/Channel"}, {"type": "null"}]},
                },
            ]
        }
    ),
]


class Section(Keys):
    """What all sections have in common."""

    STEP_CLASSES: ClassVar[tuple[str, ...]] = ()


class JobSection(Section):
    """What all sections that describe a job have in common."""

    image_uri: Annotated[Text, key("Image that the job runs in.")]
    base_job_name: Annotated[Text | None, key("Name of the jobs.", no_effect=NO_JOB_NAMES)] = None
    tags: Annotated[Tags, key("Tags of the job, by name.", api="Tags")] = NOTHING
    env: Annotated[
        Mapping[Text, EnvironmentValue], key("Environment variables of the container.", api="Environment")
    ] = NOTHING
    channels: Annotated[Channels, key("The channels by name; `train` alone where there are none.")] = NOTHING


class Location(Keys):
    """Where a job's outputs lie in its container."""

    output_local_filepath: Annotated[
        Text | None,
        key(
            "Folder in the container with one sub-folder per channel.",
            alias="outputLocalFilepath",
            api="ProcessingOutputConfig.Outputs[].S3Output.LocalPath",
        ),
    ] = None


class _ProcessingJobSection(JobSection):
    """What processing and evaluation have in common: both are processing jobs."""

    image_uri: Annotated[Text, key("Image that the job runs in.", api="AppSpecification.ImageUri")]
    entry_point: Annotated[
        WrittenText, key("Script to run, relative to source_directory.", api="AppSpecification.ContainerEntrypoint")
    ]
    instance_count: Annotated[
        int | str,
        whole_number(),
        key("Number of instances.", api="ProcessingResources.ClusterConfig.InstanceCount"),
    ] = 1
    instance_type: Annotated[
        Text, key("Type of the instances.", api="ProcessingResources.ClusterConfig.InstanceType")
    ] = "ml.m5.2xlarge"
    s3_data_distribution_type: Annotated[
        str,
        one_of("FullyReplicated", "ShardedByS3Key"),
        key(
            "Whether each instance gets all inputs, or a share of them.",
            api="ProcessingInputs[].S3Input.S3DataDistributionType",
        ),
    ] = "FullyReplicated"
    s3_data_type: Annotated[
        str,
        one_of("S3Prefix", "ManifestFile"),
        key("What the inputs' URIs name.", api="ProcessingInputs[].S3Input.S3DataType"),
    ] = "S3Prefix"
    s3_input_mode: Annotated[
        str,
        one_of("File", "Pipe"),
        key("How the inputs get into the container.", api="ProcessingInputs[].S3Input.S3InputMode"),
    ] = "File"


class ProcessingSection(_ProcessingJobSection):
    """A processing job; the section's name is free, steps name it with `step_type`."""

    STEP_CLASSES: ClassVar[tuple[str, ...]] = ("Processing",)

    volume_size_in_gb: Annotated[
        int | str,
        whole_number(),
        key("Size of the volume, in GB.", api="ProcessingResources.ClusterConfig.VolumeSizeInGB"),
    ] = 32
    max_runtime_seconds: Annotated[
        int | str,
        whole_number(),
        key("Longest run, in seconds.", api="StoppingCondition.MaxRuntimeInSeconds"),
    ] = 3000
    framework_version: Annotated[
        Text | int | float,
        key("Version of the framework.", no_effect="the version is that of the image; name it in image_uri"),
    ] = "0"
    s3_upload_mode: Annotated[
        str,
        one_of("EndOfJob", "Continuous"),
        key("When the outputs are uploaded.", api="ProcessingOutputConfig.Outputs[].S3Output.S3UploadMode"),
    ] = "EndOfJob"
    location: Annotated[Location, key("Where outputs lie in the container.")] = Location()


class TrainingSection(JobSection):
    """A training job."""

    STEP_CLASSES: ClassVar[tuple[str, ...]] = ("Training",)

    image_uri: Annotated[Text, key("Image that the job runs in.", api="AlgorithmSpecification.TrainingImage")]
    entry_point: Annotated[
        WrittenText,
        key("Script to run, relative to source_directory.", api="HyperParameters.sagemaker_program"),
    ]
    instance_count: Annotated[
        int | str, whole_number(), key("Number of instances.", api="ResourceConfig.InstanceCount")
    ] = 1
    instance_type: Annotated[Text, key("Type of the instances.", api="ResourceConfig.InstanceType")] = "ml.m5.2xlarge"
    volume_size_in_gb: Annotated[
        int | str, whole_number(), key("Size of the volume, in GB.", api="ResourceConfig.VolumeSizeInGB")
    ] = 32
    max_runtime_seconds: Annotated[
        int | str,
        whole_number(),
        key("Longest run, in seconds.", api="StoppingCondition.MaxRuntimeInSeconds"),
    ] = 3000
    hyperparams: Annotated[
        Mapping[Text, Any],
        key("Hyperparameters; each value reaches the script as JSON.", api="HyperParameters"),
    ] = NOTHING
    model_data_uri: Annotated[
        Text | None,
        key("S3 URI of a model to start from, as channel `model`.", api="InputDataConfig[]"),
    ] = None
    output_path: Annotated[
        Text | None,
        key("S3 URI that artifacts are written under.", api="OutputDataConfig.S3OutputPath"),
    ] = None
    input_mode: Annotated[
        str,
        one_of("File", "Pipe", "FastFile"),
        key("How the channels get into the container.", api="InputDataConfig[].InputMode"),
    ] = "File"
    distribution: Annotated[
        str,
        one_of("FullyReplicated", "ShardedByS3Key"),
        key(
            "Whether each instance gets all of a channel, or a share.",
            api="InputDataConfig[].DataSource.S3DataSource.S3DataDistributionType",
        ),
    ] = "FullyReplicated"
    content_type: Annotated[Text | None, key("MIME type of the channels.", api="InputDataConfig[].ContentType")] = (
        None
    )


class TransformSection(JobSection):
    """A batch transform job, and how the model is served (`entry_point`)."""

    STEP_CLASSES: ClassVar[tuple[str, ...]] = ("Transform",)

    image_uri: Annotated[
        Text,
        key(
            "Image of the model.",
            no_effect="a transform job runs the model's image; name it in registry.InferenceSpecification",
        ),
    ]
    base_job_name: Annotated[Text, key("Name of the jobs.", no_effect=NO_JOB_NAMES)] = "default-transform-job-name"
    entry_point: Annotated[
        WrittenText,
        key(
            "Script that serves the model, relative to source_directory.",
            api="PrimaryContainer.Environment.SAGEMAKER_PROGRAM",
            steps=("CreateModel", "RegisterModel"),
        ),
    ] = "inference.py"
    instance_count: Annotated[
        int | str, whole_number(), key("Number of instances.", api="TransformResources.InstanceCount")
    ] = 1
    instance_type: Annotated[Text, key("Type of the instances.", api="TransformResources.InstanceType")] = (
        "ml.m5.2xlarge"
    )
    strategy: Annotated[
        str | None,
        one_of("SingleRecord", "MultiRecord"),
        key("How many records one request carries.", api="BatchStrategy"),
    ] = None
    assemble_with: Annotated[
        str | None,
        one_of("None", "Line"),
        key("How results are put together.", api="TransformOutput.AssembleWith"),
    ] = None
    join_source: Annotated[
        str | None,
        one_of("None", "Input"),
        key("Whether results are joined to their input.", api="DataProcessing.JoinSource"),
    ] = None
    split_type: Annotated[
        str | None,
        one_of("None", "Line", "RecordIO", "TFRecord"),
        key("How input files are split into records.", api="TransformInput.SplitType"),
    ] = None
    content_type: Annotated[Text, key("MIME type of input and output.", api="TransformInput.ContentType")] = (
        "text/csv"
    )
    max_payload: Annotated[
        int | str | None,
        whole_number(0),
        key("Largest request, in MB; 0 for no limit.", api="MaxPayloadInMB"),
    ] = None
    volume_size: Annotated[
        int | str,
        whole_number(),
        key("Size of the volume, in GB.", no_effect="transform jobs have no volume size; choose an instance_type"),
    ] = 50
    max_runtime_in_seconds: Annotated[
        int | str,
        whole_number(),
        key("Longest run, in seconds.", no_effect="transform jobs have no limit; limit the Airflow task instead"),
    ] = 3600
    input_filter: Annotated[
        Text | None, key("JSONPath of what the model gets.", api="DataProcessing.InputFilter")
    ] = None
    output_filter: Annotated[
        Text | None, key("JSONPath of what is kept of the result.", api="DataProcessing.OutputFilter")
    ] = None


class EvaluateSection(_ProcessingJobSection):
    """A processing job that writes the metrics report, which the model package carries."""

    STEP_CLASSES: ClassVar[tuple[str, ...]] = ("Metrics",)

    strategy: Annotated[
        str,
        one_of("SingleRecord", "MultiRecord"),
        key("Batch strategy.", no_effect="processing jobs have no batch strategy; set it in the transform section"),
    ] = "SingleRecord"
    max_payload: Annotated[
        int | str | None,
        whole_number(0),
        key("Largest request.", no_effect="processing jobs take no requests; set it in the transform section"),
    ] = None
    volume_size_in_gb: Annotated[
        int | str,
        whole_number(),
        key("Size of the volume, in GB.", api="ProcessingResources.ClusterConfig.VolumeSizeInGB"),
    ] = 50
    max_runtime_in_seconds: Annotated[
        int | str,
        whole_number(),
        key("Longest run, in seconds.", api="StoppingCondition.MaxRuntimeInSeconds"),
    ] = 3600
    content_type: Annotated[
        Text,
        key(
            "MIME type of the report.",
            api="ModelMetrics.ModelQuality.Statistics.ContentType",
            steps=("RegisterModel",),
        ),
    ] = "application/json"


APPROVAL = one_of("PendingManualApproval", "Rejected", "Approved")


class InferenceSpecification(Keys):
    """How a registered or created model is served."""

    image_uri: Annotated[
        Text,
        key("Image that serves the model.", api="InferenceSpecification.Containers[].Image"),
    ]
    supported_content_types: Annotated[
        TextList,
        key(
            "MIME types of requests.",
            api="InferenceSpecification.SupportedContentTypes",
            steps=("RegisterModel",),
        ),
    ]
    supported_response_mime_types: Annotated[
        TextList,
        key(
            "MIME types of responses.",
            alias="supported_response_MIME_types",
            api="InferenceSpecification.SupportedResponseMIMETypes",
            steps=("RegisterModel",),
        ),
    ]
    approval_status: Annotated[
        str | None,
        APPROVAL,
        key("Approval status of a new model package.", api="ModelApprovalStatus", steps=("RegisterModel",)),
    ] = None
    supported_realtime_inference_instance_types: Annotated[
        TextList,
        key(
            "Instance types for endpoints.",
            alias="SupportedRealtimeInferenceInstanceTypes",
            api="InferenceSpecification.SupportedRealtimeInferenceInstanceTypes",
            steps=("RegisterModel",),
        ),
    ] = ("ml.m5.2xlarge",)
    supported_transform_instance_types: Annotated[
        TextList,
        key(
            "Instance types for batch transform.",
            alias="SupportedTransformInstanceTypes",
            api="InferenceSpecification.SupportedTransformInstanceTypes",
            steps=("RegisterModel",),
        ),
    ] = ("ml.m5.2xlarge",)


class RegistrySection(Section):
    """How a model is created (CreateModel) and registered in the model registry (RegisterModel)."""

    STEP_CLASSES: ClassVar[tuple[str, ...]] = ("CreateModel", "RegisterModel")

    model_repack: Annotated[
        bool | str,
        FLAG,
        NOTHING,
        key(
            "Whether the inference code is packed into the model's archive, in a step of its own.",
            alias="ModelRepack",
        ),
    ] = True
    model_repack_image_uri: Annotated[
        Text | None,
        key("Image that packs the model's archive; the training image by default.", alias="ModelRepackImageUri"),
    ] = None
    model_package_group_name: Annotated[
        Text | None,
        key(
            "Group of the model package; `<pipelineName>-<model>` by default.",
            alias="ModelPackageGroupName",
            api="ModelPackageGroupName",
            steps=("RegisterModel",),
        ),
    ] = None
    model_package_description: Annotated[
        Text | None,
        key(
            "Description of the model package.",
            alias="ModelPackageDescription",
            api="ModelPackageDescription",
            steps=("RegisterModel",),
        ),
    ] = None
    model_approval_status: Annotated[
        str | None,
        APPROVAL,
        key(
            "Approval status of a new model package; the same as InferenceSpecification.approval_status.",
            alias="ModelApprovalStatus",
            api="ModelApprovalStatus",
            steps=("RegisterModel",),
        ),
    ] = None
    inference_specification: Annotated[
        InferenceSpecification,
        key("How the model is served.", alias="InferenceSpecification", api="InferenceSpecification"),
    ]
    tags: Annotated[Tags, key("Tags of the model, by name.", api="Tags", steps=("CreateModel",))] = NOTHING

    @model_validator(mode="after")
    def _one_approval_status(self) -> RegistrySection:
        inner = self.inference_specification.approval_status
        if self.model_approval_status is not None and inner not in (None, self.model_approval_status):
            raise wrong(
                f"has ModelApprovalStatus {self.model_approval_status!r}, but approval_status {inner!r} in "
                "InferenceSpecification; give one of them"
            )
        return self

    @property
    def approval_status(self) -> str:
        """The approval status of a new model package, wherever the conf gives it."""
        return self.model_approval_status or self.inference_specification.approval_status or "PendingManualApproval"
