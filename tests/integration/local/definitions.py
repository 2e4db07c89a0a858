"""Pipeline definitions for tests, in a few words."""

from __future__ import annotations

import json
from typing import Any

ROLE = "arn:aws:iam::123456789012:role/Tester"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tests:1"
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}


def processing(name: str, *, inputs: dict[str, Any] | None = None, **extra: Any) -> dict[str, Any]:
    """A processing step with one output, `out`."""
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "AppSpecification": {"ImageUri": IMAGE},
            "RoleArn": ROLE,
            "ProcessingResources": {"ClusterConfig": CLUSTER},
            "ProcessingInputs": [
                {
                    "InputName": key,
                    "S3Input": {
                        "S3Uri": uri,
                        "LocalPath": f"/opt/ml/processing/input/{key}",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
                for key, uri in (inputs or {}).items()
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": "out",
                        "S3Output": {
                            "S3Uri": {
                                "Std:Join": {
                                    "On": "/",
                                    "Values": ["s3://tests", {"Get": "Execution.PipelineExecutionId"}, name],
                                }
                            },
                            "LocalPath": "/opt/ml/processing/output",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ]
            },
        },
        **extra,
    }


def output_of(name: str) -> dict[str, str]:
    """A reference to the output of a processing step."""
    return {"Get": f"Steps.{name}.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"}


def training(name: str, data: Any, **extra: Any) -> dict[str, Any]:
    """A training step with one channel."""
    return {
        "Name": name,
        "Type": "Training",
        "Arguments": {
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": ROLE,
            "InputDataConfig": [
                {
                    "ChannelName": "train",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data}},
                }
            ],
            "OutputDataConfig": {"S3OutputPath": "s3://tests/models"},
            "ResourceConfig": CLUSTER,
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        },
        **extra,
    }


def model(name: str, trained: str, **extra: Any) -> dict[str, Any]:
    """A step that makes a model of what a training step trained."""
    return {
        "Name": name,
        "Type": "Model",
        "Arguments": {
            "ExecutionRoleArn": ROLE,
            "PrimaryContainer": {
                "Image": IMAGE,
                "ModelDataUrl": {"Get": f"Steps.{trained}.ModelArtifacts.S3ModelArtifacts"},
            },
        },
        **extra,
    }


def transform(name: str, model_step: str, data: Any, **extra: Any) -> dict[str, Any]:
    """A batch transform step."""
    return {
        "Name": name,
        "Type": "Transform",
        "Arguments": {
            "ModelName": {"Get": f"Steps.{model_step}.ModelName"},
            "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data}}},
            "TransformOutput": {"S3OutputPath": "s3://tests/predictions"},
            "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
        },
        **extra,
    }


def register(name: str, trained: str, group: str, **extra: Any) -> dict[str, Any]:
    """A step that registers what a training step trained."""
    return {
        "Name": name,
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": group,
            "ModelApprovalStatus": "PendingManualApproval",
            "CustomerMetadataProperties": {"EXECUTION": {"Get": "Execution.PipelineExecutionArn"}},
            "InferenceSpecification": {
                "Containers": [
                    {
                        "Image": IMAGE,
                        "ModelDataUrl": {"Get": f"Steps.{trained}.ModelArtifacts.S3ModelArtifacts"},
                    }
                ],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        },
        **extra,
    }


def condition(name: str, left: Any, right: Any, if_steps: Any = (), else_steps: Any = ()) -> dict[str, Any]:
    """A condition step that compares for equality."""
    return {
        "Name": name,
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"Type": "Equals", "LeftValue": left, "RightValue": right}],
            "IfSteps": list(if_steps),
            "ElseSteps": list(else_steps),
        },
    }


def fail(name: str, message: Any, **extra: Any) -> dict[str, Any]:
    """A step that fails the execution."""
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}, **extra}


def definition(*steps: dict[str, Any], parameters: Any = ()) -> str:
    """A whole definition."""
    return json.dumps({"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(steps)})


def create(sagemaker: Any, name: str, *steps: dict[str, Any], parameters: Any = (), **extra: Any) -> str:
    """Create a pipeline; its ARN."""
    arn: str = sagemaker.create_pipeline(
        PipelineName=name,
        PipelineDefinition=definition(*steps, parameters=parameters),
        RoleArn=ROLE,
        **extra,
    )["PipelineArn"]
    return arn


def start(sagemaker: Any, name: str, **extra: Any) -> str:
    """Start an execution; its ARN."""
    arn: str = sagemaker.start_pipeline_execution(PipelineName=name, **extra)["PipelineExecutionArn"]
    return arn


def rows(sagemaker: Any, arn: str) -> list[dict[str, Any]]:
    """All rows of an execution's steps, oldest first."""
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=arn, SortOrder="Ascending"
    )
    return [row for page in pages for row in page["PipelineExecutionSteps"]]


def statuses(sagemaker: Any, arn: str) -> dict[str, str]:
    """Status by step name, of the latest row."""
    return {row["StepName"]: row["StepStatus"] for row in rows(sagemaker, arn)}
