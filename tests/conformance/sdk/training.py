"""Training steps: a script in a training container."""

from __future__ import annotations

from typing import Any

from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.workflow.steps import TrainingStep

from tests.conformance.sdk.chains import chained_outputs
from tests.conformance.sdk.description import Project
from tests.conformance.sdk.envelope import envelope


def training(project: Project, step: dict[str, Any]) -> TrainingStep:
    section, target = project.section(step), project.target
    estimator = Estimator(
        image_uri=section["image_uri"],
        role=target["role_arn"],
        instance_count=section.get("instance_count", 1),
        instance_type=section.get("instance_type", "ml.m5.2xlarge"),
        volume_size=section.get("volume_size_in_gb", 32),
        volume_kms_key=target["kms_key"],
        max_run=section.get("max_runtime_seconds", 3000),
        input_mode=section.get("input_mode", "File"),
        output_path=section.get("output_path") or f"s3://{target['bucket']}/",
        output_kms_key=target["kms_key"],
        sagemaker_session=project.session,
        hyperparameters=section.get("hyperparams"),
        tags=project.tags(step),
        subnets=target["subnets"] or None,
        security_group_ids=target["security_group_ids"] or None,
        model_uri=section.get("model_data_uri"),
        encrypt_inter_container_traffic=target["encrypt_traffic"],
        enable_network_isolation=target["network_isolation"],
        source_dir=project.model(step)["source_directory"],
        entry_point=section["entry_point"],
        environment=section.get("env"),
    )
    files = {
        channel: file["fileName"]
        for channel, content in section.get("channels", {}).items()
        for file in content.get("dataFiles", ())
    }
    chained = {f"{name}-{channel}": uri for name, channel, uri in chained_outputs(project, step)}
    inputs = {
        name: TrainingInput(
            uri,
            distribution=section.get("distribution", "FullyReplicated"),
            content_type=section.get("content_type"),
            input_mode=section.get("input_mode", "File"),
        )
        for name, uri in {**files, **chained}.items()
    }
    return TrainingStep(step_args=estimator.fit(inputs or None), **envelope(step))
