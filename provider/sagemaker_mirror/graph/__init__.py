"""Steps and who waits for whom: one graph, from which both the DAG and the pipeline's definition are made."""

from __future__ import annotations

from sagemaker_mirror.config.definition import Branch, DefinedStep, defined_steps
from sagemaker_mirror.config.wiring import Edge
from sagemaker_mirror.graph.build import build_graph, producer
from sagemaker_mirror.graph.steps import CycleError, Step, StepClass, StepGraph

__all__ = [
    "Branch",
    "CycleError",
    "DefinedStep",
    "Edge",
    "Step",
    "StepClass",
    "StepGraph",
    "build_graph",
    "defined_steps",
    "producer",
]
