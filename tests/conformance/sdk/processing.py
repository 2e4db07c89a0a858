"""Processing and Metrics steps: a script in a framework's container."""

from __future__ import annotations

from typing import Any

from sagemaker.network import NetworkConfig
from sagemaker.processing import FrameworkProcessor, ProcessingInput, ProcessingOutput
from sagemaker.sklearn.estimator import SKLearn
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.steps import ProcessingStep

from tests.conformance.sdk.chains import chained_channel, chained_outputs
from tests.conformance.sdk.description import INPUT, OUTPUT, REPORT, Project
from tests.conformance.sdk.envelope import envelope


def processing(project: Project, step: dict[str, Any]) -> ProcessingStep:
    section = project.section(step)
    folder = section.get("location", {}).get("outputLocalFilepath") or OUTPUT
    chained = [
        _input(f"{name}-input-{channel}", uri, f"{INPUT}/{name}-input-{channel}", section)
        for name, channel, uri in chained_outputs(project, step)
    ]
    outputs = [
        ProcessingOutput(
            output_name=channel,
            source=f"{folder}/{channel}",
            destination=project.execution_uri(step["step_name"], "output", channel),
            s3_upload_mode=section.get("s3_upload_mode", "EndOfJob"),
        )
        for channel in project.channels(step)
    ]
    return _step(project, step, chained, outputs, section.get("max_runtime_seconds", 3000), volume=32, folder=INPUT)


def metrics(project: Project, step: dict[str, Any]) -> ProcessingStep:
    section = project.section(step)
    ((name, channel),) = project.channels(step).items()
    folder = channel.get("InputLocalFilepath") or INPUT
    reading = {**section, "s3_data_distribution_type": "FullyReplicated"}
    chained = [
        _input(f"{source}-input", uri, f"{folder.rstrip('/')}/{source}-{name}", reading)
        for source, uri in chained_channel(project, step, name)
    ]
    place = project.execution_uri(
        step["step_name"],
        "output",
        REPORT,
        bucket=channel.get("s3BucketName"),
        prefix=channel.get("bucket_prefix"),
    )
    output = ProcessingOutput(
        output_name=REPORT, source=channel.get("OuputLocalFilepath") or f"{OUTPUT}/", destination=place
    )
    file = PropertyFile(name="EvaluationReport", output_name=REPORT, path=f"{REPORT}.json")
    runtime = section.get("max_runtime_in_seconds", 3600)
    return _step(project, step, chained, [output], runtime, volume=50, folder=folder, property_files=[file])


def _step(
    project: Project,
    step: dict[str, Any],
    chained: list[ProcessingInput],
    outputs: list[ProcessingOutput],
    runtime: int,
    *,
    volume: int,
    folder: str,
    **more: Any,
) -> ProcessingStep:
    section, target = project.section(step), project.target
    processor = FrameworkProcessor(
        estimator_cls=SKLearn,
        framework_version="0",
        role=target["role_arn"],
        image_uri=section["image_uri"],
        command=["python"],
        instance_count=section.get("instance_count", 1),
        instance_type=section.get("instance_type", "ml.m5.2xlarge"),
        volume_size_in_gb=section.get("volume_size_in_gb", volume),
        volume_kms_key=target["kms_key"],
        output_kms_key=target["kms_key"],
        max_runtime_in_seconds=runtime,
        base_job_name=section.get("base_job_name") or step["step_name"],
        sagemaker_session=project.session,
        env=section.get("env"),
        tags=project.tags(step),
        network_config=NetworkConfig(
            enable_network_isolation=target["network_isolation"],
            encrypt_inter_container_traffic=target["encrypt_traffic"],
            subnets=target["subnets"] or None,
            security_group_ids=target["security_group_ids"] or None,
        ),
    )
    arguments = processor.run(
        code=section["entry_point"],
        source_dir=project.model(step)["source_directory"],
        inputs=[*_static_inputs(project, step, folder), *chained],
        outputs=outputs,
    )
    return ProcessingStep(step_args=arguments, **more, **envelope(step))


def _static_inputs(project: Project, step: dict[str, Any], folder: str) -> list[ProcessingInput]:
    section = project.section(step)
    return [
        _input(
            name := file.get("sourceName") or channel,
            file["fileName"],
            f"{folder.rstrip('/')}/{name}",
            section,
            data_type=section.get("s3_data_type", "S3Prefix"),
        )
        for channel, content in project.channels(step).items()
        for file in content.get("dataFiles", ())
    ]


def _input(
    name: str, uri: Any, path: str, section: dict[str, Any], *, data_type: str = "S3Prefix"
) -> ProcessingInput:
    return ProcessingInput(
        input_name=name,
        source=uri,
        destination=path,
        s3_data_type=data_type,
        s3_input_mode=section.get("s3_input_mode", "File"),
        s3_data_distribution_type=section.get("s3_data_distribution_type", "FullyReplicated"),
    )
