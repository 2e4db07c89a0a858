"""Steps that create, use and register a model."""

from __future__ import annotations

from typing import Any

from sagemaker.model import Model
from sagemaker.model_metrics import MetricsSource, ModelMetrics
from sagemaker.transformer import Transformer
from sagemaker.workflow.execution_variables import ExecutionVariables
from sagemaker.workflow.functions import Join
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.steps import TransformStep

from tests.conformance.sdk.chains import chained_channel
from tests.conformance.sdk.description import REPORT, Project
from tests.conformance.sdk.envelope import envelope


def create_model(project: Project, step: dict[str, Any]) -> ModelStep:
    return ModelStep(step_args=_model(project, step).create(tags=project.tags(step)), **envelope(step))


def register_model(project: Project, step: dict[str, Any]) -> ModelStep:
    registry = project.section(step)
    serving = registry["InferenceSpecification"]
    arguments = _model(project, step).register(
        content_types=serving["supported_content_types"],
        response_types=serving["supported_response_MIME_types"],
        inference_instances=serving.get("SupportedRealtimeInferenceInstanceTypes", ["ml.m5.2xlarge"]),
        transform_instances=serving.get("SupportedTransformInstanceTypes", ["ml.m5.2xlarge"]),
        model_package_group_name=registry.get("ModelPackageGroupName") or f"{project.pipeline}-{step['model']}",
        approval_status=registry.get("ModelApprovalStatus")
        or serving.get("approval_status", "PendingManualApproval"),
        description=registry.get("ModelPackageDescription"),
        customer_metadata_properties={"PIPELINE_ARN": ExecutionVariables.PIPELINE_EXECUTION_ARN},
        model_metrics=_model_metrics(project, step),
    )
    return ModelStep(step_args=arguments, **envelope(step))


def transform(project: Project, step: dict[str, Any]) -> TransformStep:
    section = project.section(step)
    ((name, channel),) = project.channels(step).items()
    created = project.last_above(step, "CreateModel")
    assert created is not None
    content_type = section.get("content_type", "text/csv")
    transformer = Transformer(
        model_name=project.built[created["step_name"]].properties.ModelName,
        instance_count=section.get("instance_count", 1),
        instance_type=section.get("instance_type", "ml.m5.2xlarge"),
        strategy=section.get("strategy"),
        assemble_with=section.get("assemble_with"),
        output_path=project.execution_uri(
            step["step_name"], bucket=channel.get("s3BucketName"), prefix=channel.get("inputBucketPrefix")
        ),
        output_kms_key=project.target["kms_key"],
        accept=content_type,
        max_payload=section.get("max_payload"),
        tags=project.tags(step),
        env=section.get("env"),
        volume_kms_key=project.target["kms_key"],
        sagemaker_session=project.session,
    )
    chained = [uri for _, uri in chained_channel(project, step, name)]
    prefix = step.get("chain_input_additional_prefix", "")
    data = Join(on="/", values=[*chained, prefix]) if chained else channel["dataFiles"][0]["fileName"]
    arguments = transformer.transform(
        data,
        content_type=content_type,
        split_type=section.get("split_type"),
        input_filter=section.get("input_filter"),
        output_filter=section.get("output_filter"),
        join_source=section.get("join_source"),
    )
    return TransformStep(step_args=arguments, **envelope(step))


def _model(project: Project, step: dict[str, Any]) -> Model:
    """The model that a step creates or registers: that of the last Training step above it."""
    model, target, registry = project.model(step), project.target, project.section(step)
    trained = project.last_above(step, "Training")
    assert trained is not None
    script = model["sections"].get("transform", {}).get("entry_point", "inference.py")
    if registry.get("ModelRepack", True):
        # The SDK repacks the archive where a model has scripts of its own.
        serving = {"entry_point": script, "source_dir": model["source_directory"]}
    else:
        environment = {
            "SAGEMAKER_PROGRAM": script.removesuffix(".py").replace("/", "."),
            "SAGEMAKER_REQUIREMENTS": "requirements.txt",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        }
        serving = {"env": environment}
    network = {"Subnets": target["subnets"], "SecurityGroupIds": target["security_group_ids"]}
    return Model(
        image_uri=registry["InferenceSpecification"]["image_uri"],
        model_data=project.built[trained["step_name"]].properties.ModelArtifacts.S3ModelArtifacts,
        role=target["role_arn"],
        name=model["name"],
        vpc_config=network if target["subnets"] else None,
        enable_network_isolation=target["network_isolation"],
        model_kms_key=target["kms_key"],
        sagemaker_session=project.session,
        **serving,
    )


def _model_metrics(project: Project, step: dict[str, Any]) -> ModelMetrics | None:
    metrics = project.last_above(step, "Metrics")
    if metrics is None:
        return None
    outputs = project.built[metrics["step_name"]].properties.ProcessingOutputConfig.Outputs
    report = Join(on="/", values=[outputs[REPORT].S3Output.S3Uri, f"{REPORT}.json"])
    content_type = project.section(metrics).get("content_type", "application/json")
    return ModelMetrics(model_statistics=MetricsSource(s3_uri=report, content_type=content_type))
