"""What Airflow asks a provider about itself (entry point ``apache_airflow_provider``)."""

from __future__ import annotations

from typing import Any

from sagemaker_mirror import __version__


def get_provider_info() -> dict[str, Any]:
    """Return this provider's metadata, in the form of Airflow's ``provider_info.schema.json``."""
    return {
        "package-name": "airflow-provider-sagemaker-mirror",
        "name": "SageMaker Mirror",
        "description": "Config folders become SageMaker Pipelines; each execution is mirrored, step by step.",
        "versions": [__version__],
    }
