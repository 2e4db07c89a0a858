"""What Airflow asks a provider about itself (entry point ``apache_airflow_provider``)."""

from __future__ import annotations

from typing import Any

from sagemaker_mirror import __version__
from sagemaker_mirror.settings import OPTIONS, SECTION

INTEGRATION = "Amazon SageMaker Pipelines"


def get_provider_info() -> dict[str, Any]:
    """Return this provider's metadata, in the form of Airflow's ``provider_info.schema.json``."""
    return {
        "package-name": "airflow-provider-sagemaker-mirror",
        "name": "SageMaker Mirror",
        "description": "Config folders become SageMaker Pipelines; each execution is mirrored, step by step.",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": INTEGRATION,
                "external-doc-url": "https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines.html",
                "tags": ["aws"],
            }
        ],
        "operators": [
            _modules(
                "sagemaker_mirror.operators.sagemaker_pipeline",
                "sagemaker_mirror.operators.external",
                "sagemaker_mirror.operators.external_run",
            )
        ],
        "sensors": [_modules("sagemaker_mirror.sensors.sagemaker_pipeline")],
        "hooks": [_modules("sagemaker_mirror.hooks.sagemaker_mirror")],
        "triggers": [
            _modules(
                "sagemaker_mirror.triggers.external",
                "sagemaker_mirror.triggers.sagemaker_pipeline",
                "sagemaker_mirror.triggers.step",
            )
        ],
        # Airflow 2's webserver makes links only of classes that it finds here.
        "extra-links": [
            "sagemaker_mirror.links.sagemaker.SageMakerPipelineExecutionLink",
            "sagemaker_mirror.links.sagemaker.SageMakerJobLink",
            "sagemaker_mirror.links.sagemaker.SageMakerJobLogsLink",
        ],
        "config": {
            SECTION: {
                "description": "Settings of the SageMaker Mirror provider.",
                "options": {option.name: option.metadata() for option in OPTIONS},
            }
        },
    }


def _modules(*names: str) -> dict[str, Any]:
    return {"integration-name": INTEGRATION, "python-modules": list(names)}
