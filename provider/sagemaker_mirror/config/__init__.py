"""The confs of a folder: found, read, merged, checked. Knows neither Airflow nor AWS."""

from __future__ import annotations

from sagemaker_mirror.config.discovery import ConfigFolder, SourceFile, discover, find_folder
from sagemaker_mirror.config.model import (
    AirflowSection,
    BaseConfig,
    Channel,
    DataFile,
    EvaluateSection,
    InferenceSpecification,
    JobSection,
    ModelConfig,
    NetworkSecurity,
    Parameter,
    PipelineModel,
    ProcessingSection,
    RegistrySection,
    RetryPolicy,
    RunAfter,
    SageMakerPipeline,
    Section,
    StepConfig,
    TrainingSection,
    TransformSection,
)
from sagemaker_mirror.config.pipeline_config import PipelineConfig, clashing_names, load_folder
from sagemaker_mirror.config.problems import ConfigError, Problem

__all__ = [
    "AirflowSection",
    "BaseConfig",
    "Channel",
    "ConfigError",
    "ConfigFolder",
    "DataFile",
    "EvaluateSection",
    "InferenceSpecification",
    "JobSection",
    "ModelConfig",
    "NetworkSecurity",
    "Parameter",
    "PipelineConfig",
    "PipelineModel",
    "Problem",
    "ProcessingSection",
    "RegistrySection",
    "RetryPolicy",
    "RunAfter",
    "SageMakerPipeline",
    "Section",
    "SourceFile",
    "StepConfig",
    "TrainingSection",
    "TransformSection",
    "clashing_names",
    "discover",
    "find_folder",
    "load_folder",
]
