"""From a conf to a SageMaker pipeline definition: deterministic, checked, and without AWS."""

from __future__ import annotations

from sagemaker_mirror.compiler.check import DefinitionProblem, check_definition
from sagemaker_mirror.compiler.pipeline import SHA256_KEY, CompiledPipeline, compile_pipeline
from sagemaker_mirror.compiler.repack import with_repack_steps
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
    "with_repack_steps",
]
