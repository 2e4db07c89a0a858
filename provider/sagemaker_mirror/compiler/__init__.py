"""From a conf to a SageMaker pipeline definition: deterministic, checked, and without AWS."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sagemaker_mirror.compiler.check import DefinitionProblem, check_definition
    from sagemaker_mirror.compiler.pipeline import SHA256_KEY, CompiledPipeline, compile_pipeline
    from sagemaker_mirror.compiler.target import Target, TargetError
    from sagemaker_mirror.compiler.uploads import Upload

__all__ = [
    "SHA256_KEY",
    "CompiledPipeline",
    "DefinitionProblem",
    "Target",
    "TargetError",
    "Upload",
    "check_definition",
    "compile_pipeline",
]

_MODULES = {
    "SHA256_KEY": "pipeline",
    "CompiledPipeline": "pipeline",
    "DefinitionProblem": "check",
    "Target": "target",
    "TargetError": "target",
    "Upload": "uploads",
    "check_definition": "check",
    "compile_pipeline": "pipeline",
}


def __getattr__(name: str) -> Any:
    # Imported on first use: a DAG file that asks for the graph should not pay for the whole compiler.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
