"""Config folders as DAGs, or as task groups in DAGs of one's own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sagemaker_mirror.factory.dags import build_dags
    from sagemaker_mirror.factory.embedded import SageMakerPipelineDag, SageMakerPipelineTaskGroup
    from sagemaker_mirror.factory.tasks import PipelineTasks, add_pipeline_tasks

__all__ = [
    "PipelineTasks",
    "SageMakerPipelineDag",
    "SageMakerPipelineTaskGroup",
    "add_pipeline_tasks",
    "build_dags",
]

_MODULES = {
    "PipelineTasks": "tasks",
    "SageMakerPipelineDag": "embedded",
    "SageMakerPipelineTaskGroup": "embedded",
    "add_pipeline_tasks": "tasks",
    "build_dags": "dags",
}


def __getattr__(name: str) -> Any:
    # Imported on first use: who asks for the provider's metadata should not pay for Airflow.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
