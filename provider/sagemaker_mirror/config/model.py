"""The whole conf as data: every key there is, with its type, default, meaning and place in the API.

This is the one table of keys: validation, the JSON schema for editors, the reference page and the compiler read it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator

from sagemaker_mirror.config.airflow_section import AirflowSection
from sagemaker_mirror.config.fields import FLAG, NOTHING, CommaList, Keys, Scalar, Tags, Text, WrittenText, key, wrong
from sagemaker_mirror.config.pipeline import (
    JOB_STEP_CLASSES,
    STEP_CLASSES,
    Parameter,
    PipelineModel,
    RetryPolicy,
    RunAfter,
    SageMakerPipeline,
    StepConfig,
)
from sagemaker_mirror.config.sections import (
    Channel,
    DataFile,
    EvaluateSection,
    InferenceSpecification,
    JobSection,
    Location,
    ProcessingSection,
    RegistrySection,
    Section,
    TrainingSection,
    TransformSection,
)

__all__ = [
    "DOCUMENTED_SECTIONS",
    "JOB_STEP_CLASSES",
    "SECTION_OF_CLASS",
    "STEP_CLASSES",
    "AirflowSection",
    "BaseConfig",
    "Channel",
    "DataFile",
    "EvaluateSection",
    "InferenceSpecification",
    "JobSection",
    "Location",
    "ModelConfig",
    "ModelKeys",
    "NetworkSecurity",
    "Parameter",
    "PipelineModel",
    "ProcessingSection",
    "RegistrySection",
    "RetryPolicy",
    "RunAfter",
    "SageMakerPipeline",
    "Section",
    "StepConfig",
    "TrainingSection",
    "TransformSection",
]

SECTION_OF_CLASS: Mapping[str, type[Section]] = {
    step_class: section
    for section in (ProcessingSection, TrainingSection, RegistrySection, TransformSection, EvaluateSection)
    for step_class in section.STEP_CLASSES
}
"""What the section that a step reads looks like, by the step's class."""

DOCUMENTED_SECTIONS: Mapping[str, type[Section]] = {
    "processing": ProcessingSection,
    "preprocess": ProcessingSection,
    "train": TrainingSection,
    "registry": RegistrySection,
    "transform": TransformSection,
    "evaluate": EvaluateSection,
}
"""Sections that a model may have without any step naming them."""

DEFAULT_SECTION: Mapping[str, str] = {
    "Training": "train",
    "CreateModel": "registry",
    "Transform": "transform",
    "Metrics": "evaluate",
    "RegisterModel": "registry",
}
"""The section that a step reads when it names none; Processing steps must name theirs."""


class ModelKeys(Keys):
    """The keys of a model that are no sections."""

    source_directory: Annotated[
        WrittenText | None,
        key("Folder of the model's scripts; relative to the model's folder, or one of those above it."),
    ] = None
    name: Annotated[
        Text | None,
        key("Name of the model, shown on its CreateModel step.", api="DisplayName", steps=("CreateModel",)),
    ] = None
    tags: Annotated[Tags, key("Tags of all that the model's steps create.", api="Tags")] = NOTHING


@dataclass(frozen=True)
class ModelConfig:
    """One model of ``conf.models``.

    :param keys: what holds for all its steps.
    :param sections: its sections, by their name in the conf.
    """

    keys: ModelKeys = field(default_factory=ModelKeys)
    sections: Mapping[str, Section] = field(default_factory=dict)

    @property
    def source_directory(self) -> str | None:
        """Folder of the model's scripts, as configured."""
        return self.keys.source_directory

    @property
    def name(self) -> str | None:
        """Name of the model, as configured."""
        return self.keys.name

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags of all that the model's steps create."""
        return self.keys.tags

    @property
    def train(self) -> TrainingSection | None:
        """The section ``train``."""
        section = self.sections.get("train")
        return section if isinstance(section, TrainingSection) else None

    @property
    def transform(self) -> TransformSection | None:
        """The section ``transform``."""
        section = self.sections.get("transform")
        return section if isinstance(section, TransformSection) else None

    @property
    def evaluate(self) -> EvaluateSection | None:
        """The section ``evaluate``."""
        section = self.sections.get("evaluate")
        return section if isinstance(section, EvaluateSection) else None

    @property
    def registry(self) -> RegistrySection | None:
        """The section ``registry``."""
        section = self.sections.get("registry")
        return section if isinstance(section, RegistrySection) else None


def _variable_name(name: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name) or name.startswith("SMP_"):
        raise wrong("must be a name in capitals (A-Z, 0-9, _) that doesn't begin with SMP_")
    return name


VariableName = Annotated[Text, AfterValidator(_variable_name)]


class NetworkSecurity(Keys):
    """Network, role and key of every job (``sagemakerNetworkSecurity`` of the framework's own conf)."""

    subnets: Annotated[CommaList, key("Subnets, as a list or separated by commas.", api="VpcConfig.Subnets")] = ()
    role: Annotated[Text | None, key("Execution role; SMP_ROLE by default.", api="RoleArn")] = None
    security_groups_id: Annotated[
        CommaList, key("Security groups, as a list or separated by commas.", api="VpcConfig.SecurityGroupIds")
    ] = ()
    kms_key: Annotated[Text | None, key("Key that outputs and volumes are encrypted with.", api="KmsKeyId")] = None
    encrypt_inter_container_traffic: Annotated[
        bool | str,
        FLAG,
        key("Whether instances of a job talk encrypted.", api="NetworkConfig.EnableInterContainerTrafficEncryption"),
    ] = True
    enable_network_isolation: Annotated[
        bool | str,
        FLAG,
        key("Whether containers are cut off from the network.", api="NetworkConfig.EnableNetworkIsolation"),
    ] = False


class BaseConfig(Keys):
    """What holds for a whole folder; a conf for all folders lies in ``<configs root>/conf/``."""

    s3_bucket: Annotated[
        Text | None, key("Bucket for code and outputs; SMP_S3BUCKETNAME by default.", alias="s3Bucket")
    ] = None
    model_config_file_path: Annotated[
        Text | None,
        key(
            "Where the framework looks for confs.",
            alias="modelConfigFilePath",
            no_effect="every conf/*.yaml of a folder is read",
        ),
    ] = None
    network_security: Annotated[
        NetworkSecurity, key("Network, role and key of every job.", alias="sagemakerNetworkSecurity")
    ] = NetworkSecurity()
    tags: Annotated[Tags, key("Tags of the pipeline and all that its steps create.", api="Tags")] = NOTHING
    airflow: Annotated[AirflowSection, key("How the DAG is scheduled and shown.")] = AirflowSection()
    variables: Annotated[
        Mapping[VariableName, Scalar | None],
        key("Names that stand for values in this conf, like SMP_* placeholders, and what they stand for by default."),
    ] = NOTHING
