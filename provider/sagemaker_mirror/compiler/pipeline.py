"""The compiler: from a conf and its graph to a pipeline's definition, and what must be in S3 beside it.

A definition has no ``PipelineExperimentConfig``, so that SageMaker makes no experiment, trial and run per execution
("Disable Experiments Integration" in the developer guide): no conf asks for one, and they need rights of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sagemaker_mirror.compiler.canonical import canonical_json, digest
from sagemaker_mirror.compiler.check import check_definition
from sagemaker_mirror.compiler.envelope import VERSION
from sagemaker_mirror.compiler.kept import kept_definition
from sagemaker_mirror.compiler.locate import locate
from sagemaker_mirror.compiler.parameters import declarations
from sagemaker_mirror.compiler.references import Request
from sagemaker_mirror.compiler.refused import Refused
from sagemaker_mirror.compiler.repack import step_definition
from sagemaker_mirror.compiler.scope import Scope
from sagemaker_mirror.compiler.shapes import check_value, most
from sagemaker_mirror.compiler.source import REQUIREMENTS, Sources
from sagemaker_mirror.compiler.steps import define_step, without_cache
from sagemaker_mirror.compiler.target import Target, TargetError
from sagemaker_mirror.compiler.uploads import Content, Upload, Uploads
from sagemaker_mirror.config import ConfigError, PipelineConfig, Problem
from sagemaker_mirror.config.model import EvaluateSection, ProcessingSection, TrainingSection, TransformSection
from sagemaker_mirror.graph import StepGraph
from sagemaker_mirror.graph.repacking import repacked

#: Where a definition carries the hash over its rest, by which drift is seen.
SHA256_KEY = "sagemaker-mirror-sha256"
#: Where it carries the hash over what stands beside it: role, description and parallelism.
SETTINGS_SHA256_KEY = "sagemaker-mirror-settings-sha256"
#: A definition of this size, in bytes, is handed to SageMaker through S3.
LARGE = 100 * 1024

_WITH_SCRIPT = (ProcessingSection, TrainingSection, TransformSection, EvaluateSection)


@dataclass(frozen=True)
class CompiledPipeline:
    """A pipeline as SageMaker is to have it.

    :param name: the pipeline's name.
    :param role_arn: the role that it runs as.
    :param definition: the definition.
    :param definition_json: the same as canonical JSON.
    :param sha256: the hash over the definition without its ``Metadata``, in hex; ``Metadata`` carries it.
    :param uploads: what has to be in S3 before it runs, ordered by bucket and key.
    :param description: what the pipeline is for.
    :param tags: the pipeline's tags.
    :param parallelism: how many steps of an execution may run at once; ``None`` for the service's limit.
    :param definition_upload: the definition as an object in S3, one of ``uploads``, where it is too large to be sent
        with the request; it is then given as ``PipelineDefinitionS3Location``.
    :param warnings: what the compiler found that is probably not meant so; the conf's own are its ``notices()``.
    """

    name: str
    role_arn: str
    definition: dict[str, Any]
    definition_json: str = field(repr=False)
    sha256: str
    uploads: tuple[Upload, ...]
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    parallelism: int | None = None
    definition_upload: Upload | None = None
    warnings: tuple[Problem, ...] = ()


def compile_pipeline(
    config: PipelineConfig,
    graph: StepGraph,
    target: Target,
    values: Mapping[str, str],
    *,
    with_cache: bool = True,
) -> CompiledPipeline:
    """Compile a conf.

    The result follows from the conf, the values and the files of the source folders alone: neither the clock nor the
    place of the files nor the order in which a disk lists them changes a byte.

    :param config: the conf, its placeholders replaced.
    :param graph: the graph of the conf.
    :param target: where the pipeline is to run; the conf's own settings go before it.
    :param values: the values of the placeholders, for ``SMP_SOURCE_DIR_PATH``.
    :param with_cache: whether steps may take their results from the cache, where the conf lets them.
    :raises ValueError: there are placeholders in the conf.
    :raises ConfigError: the conf asks for something that can't be, or that the API would refuse; with all problems.
    """
    if config.placeholders:
        raise ValueError(f"the conf still has placeholders: {', '.join(sorted(config.placeholders))}")
    try:
        target = target.with_base(config.base)
    except TargetError as error:
        raise ConfigError([config.problem(("sagemakerNetworkSecurity",), str(error))]) from error
    problems = _check_envelope(config, target)
    if problems:
        raise ConfigError(problems)
    uploads = Uploads(target.bucket, config.pipeline.pipeline_name)
    scopes: list[Scope] = []
    if config.definition is None:
        sources = Sources(config, values, uploads)
        scopes = [Scope(config, target, uploads, sources, model, step) for model, step in config.steps]
        definition = _definition(config, graph, scopes)
    else:
        definition = kept_definition(config.definition, config.pipeline.parameters)
    if not with_cache:
        definition["Steps"] = [without_cache(step) for step in definition["Steps"]]
    metadata = definition.pop("Metadata", None) or {}
    sha256 = digest(definition)
    parallelism = None if config.pipeline.parallelism is None else int(config.pipeline.parallelism)
    settings = settings_sha256(target.role_arn, config.pipeline.description, parallelism)
    definition["Metadata"] = {**metadata, SHA256_KEY: sha256, SETTINGS_SHA256_KEY: settings}
    definition_json = canonical_json(definition)
    if len(definition_json) > most("PipelineDefinition"):
        message = f"the definition has {len(definition_json)} characters; the API takes {most('PipelineDefinition')}"
        raise ConfigError([config.problem(("sagemakerPipeline",), message)])
    definition_upload = _upload_if_large(uploads, definition_json)
    return CompiledPipeline(
        name=config.pipeline.pipeline_name,
        role_arn=target.role_arn,
        definition=definition,
        definition_json=definition_json,
        sha256=sha256,
        uploads=uploads.sorted(),
        description=config.pipeline.description,
        tags=dict(config.base.tags),
        parallelism=parallelism,
        definition_upload=definition_upload,
        warnings=tuple(dict.fromkeys(warning for scope in scopes for warning in _warnings(scope))),
    )


def _definition(config: PipelineConfig, graph: StepGraph, scopes: list[Scope]) -> Request:
    """Write a conf's definition, without ``Metadata``, and check it."""
    definition: Request = {
        "Version": VERSION,
        "Parameters": declarations(config.pipeline.parameters),
        "Steps": _define_steps(config, graph, scopes),
    }
    problems = [locate(config, problem) for problem in check_definition(definition)]
    if problems:
        raise ConfigError(problems)
    return definition


def settings_sha256(role_arn: str | None, description: str | None, parallelism: int | None) -> str:
    """Give the hash over what SageMaker keeps beside a definition.

    :param role_arn: the role that the pipeline runs as.
    :param description: what it is for; none is as good as an empty one.
    :param parallelism: how many steps of an execution may run at once; ``None`` where the conf does not say.
    """
    return digest([role_arn, description or "", parallelism])


def _define_steps(config: PipelineConfig, graph: StepGraph, scopes: list[Scope]) -> list[Request]:
    """Write all steps, in the conf's order; what is wrong with each of them is said at once."""
    images: dict[str, str | None] = {}
    for item in repacked(config):
        images.setdefault(item.training, item.section.model_repack_image_uri)
    problems: list[Problem] = []
    steps: list[Request] = []
    for scope in scopes:
        try:
            steps.append(define_step(scope, graph))
            if scope.step.name in images:
                steps.append(step_definition(scope, images[scope.step.name]))
        except Refused as error:
            problems.append(config.problem(error.path, error.message))
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return steps


def _check_envelope(config: PipelineConfig, target: Target) -> list[Problem]:
    """Check what stands beside the definition in the request that writes it, and what every step repeats."""
    pipeline, network = ("sagemakerPipeline",), ("sagemakerNetworkSecurity",)
    tags = [{"Key": key, "Value": value} for key, value in config.base.tags.items()]
    checks: tuple[tuple[tuple[str, ...], str, Any], ...] = (
        ((*pipeline, "pipelineName"), "PipelineName", config.pipeline.pipeline_name),
        ((*pipeline, "description"), "PipelineDescription", config.pipeline.description),
        (("tags",), "TagList", tags),
        (("s3Bucket",), "BucketName", target.bucket),
        ((*network, "role"), "RoleArn", target.role_arn),
        ((*network, "subnets"), "Subnets", list(target.subnets)),
        ((*network, "security_groups_id"), "VpcSecurityGroupIds", list(target.security_group_ids)),
        ((*network, "kms_key"), "KmsKeyId", target.kms_key),
    )
    return [
        config.problem(path, f"{path[-1]}: {finding}")
        for path, shape, value in checks
        if value
        for finding in check_value(shape, value)
    ]


def _upload_if_large(uploads: Uploads, definition_json: str) -> Upload | None:
    data = definition_json.encode()
    if len(data) < LARGE:
        return None
    return uploads.add(Content.of_bytes("pipeline definition", data), "definition", "definition.json")


def _warnings(scope: Scope) -> Iterator[Problem]:
    """Say what is probably not meant as it is."""
    section = scope.config.section(scope.model, scope.step)
    if not scope.target.network_isolation or not isinstance(section, _WITH_SCRIPT):
        return
    script = scope.source_directory / section.entry_point
    for requirements in dict.fromkeys((scope.source_directory / REQUIREMENTS, script.with_name(REQUIREMENTS))):
        if requirements.is_file():
            message = f"{requirements} can't be installed in a container without network"
            yield scope.config.problem(scope.at_section("entry_point"), message)
