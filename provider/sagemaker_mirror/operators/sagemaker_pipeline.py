"""The operators of a mirrored pipeline, each from its own module and imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sagemaker_mirror.operators.execution import SageMakerPipelineExecutionOperator
    from sagemaker_mirror.operators.start import SageMakerPipelineStartOperator
    from sagemaker_mirror.operators.step import SageMakerPipelineStepOperator
    from sagemaker_mirror.operators.summary import SageMakerPipelineSummaryOperator
    from sagemaker_mirror.operators.upsert import SageMakerPipelineUpsertOperator

__all__ = [
    "SageMakerPipelineExecutionOperator",
    "SageMakerPipelineStartOperator",
    "SageMakerPipelineStepOperator",
    "SageMakerPipelineSummaryOperator",
    "SageMakerPipelineUpsertOperator",
]

_MODULES = {
    "SageMakerPipelineExecutionOperator": "execution",
    "SageMakerPipelineStartOperator": "start",
    "SageMakerPipelineStepOperator": "step",
    "SageMakerPipelineSummaryOperator": "summary",
    "SageMakerPipelineUpsertOperator": "upsert",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"sagemaker_mirror.operators.{_MODULES[name]}"), name)
