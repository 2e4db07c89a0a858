"""The trigger form: one typed param for each value that a run may set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sagemaker_mirror.compat import AIRFLOW_3, DAG, Param
from sagemaker_mirror.config import ConfigError, Parameter, PipelineConfig
from sagemaker_mirror.config.fields import PLACEHOLDER
from sagemaker_mirror.config.placeholders import name_pattern
from sagemaker_mirror.graph import StepGraph
from sagemaker_mirror.mirror.selection import MOST_STEPS

# The folded sections of the form
SETTINGS = "SageMaker"
PLACEHOLDERS = "Placeholders"

_JSON_TYPES = {"String": "string", "Integer": "integer", "Float": "number", "Boolean": "boolean"}


@dataclass(frozen=True)
class Placeholder:
    """What the form says of one placeholder.

    :param description: what the value is
    :param pattern: the regular expression (as in JSON schema) that a value has to match
    """

    description: str
    pattern: str | None = None


# What StartPipelineExecution takes:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StartPipelineExecution.html
_DISPLAY_NAME = r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,81}$"
_EXECUTION_ARN = r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{{12}}:pipeline/{pipeline}/execution/[a-zA-Z0-9-]+$"
_ARN_LENGTH = 2048
_PIPELINE_NAME = re.compile(r"[a-zA-Z0-9-]+")

# The framework's environment variables. A definition needs the first four, whether or not a conf names them.
_KNOWN = {
    "SMP_ACCOUNTID": Placeholder("AWS account of the pipeline", r"^[0-9]{12}$"),
    "SMP_REGION": Placeholder("AWS Region of the pipeline", r"^[a-z]{2}(-[a-z]+)+-[0-9]$"),
    "SMP_S3BUCKETNAME": Placeholder("S3 bucket for code and data", r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"),
    "SMP_ROLE": Placeholder("ARN of SageMaker's execution role", r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$"),
    "SMP_SUBNETS": Placeholder("Subnets of the jobs, separated by commas"),
    "SMP_SECURITYGROUPS": Placeholder("Security groups of the jobs, separated by commas"),
    "SMP_KMS_KEY": Placeholder("KMS key that encrypts volumes and outputs"),
}
_OF_THE_CONF = Placeholder("Placeholder of the conf")
_VARIABLE = Placeholder("Variable of the conf")


def trigger_params(config: PipelineConfig, graph: StepGraph) -> dict[str, Param]:
    """Return the params of a DAG, in the order of its trigger form.

    First the pipeline's parameters, then two folded sections: settings of the run, and placeholders.

    :param config: the folder's configuration
    :param graph: its steps
    """
    variables = _variables(config)
    names = [*_KNOWN, *sorted({*variables, *config.placeholders} - _KNOWN.keys())]
    return {
        **{name: _of_parameter(name, parameter) for name, parameter in config.pipeline.parameters.items()},
        **_settings(config, list(graph.steps)),
        **{name: _of_placeholder(name, variables.get(name)) for name in names},
    }


def add_params(dag: DAG, config: PipelineConfig, graph: StepGraph) -> None:
    """Add the trigger form to a DAG that has its tasks already; params that it has stay as they are.

    Airflow copies the params of a DAG into each of its tasks once for every class that the task's operator is derived
    from, which takes longer than all the rest together. Tasks that come before the params have no copies, and need
    none: a run merges the DAG's params anyway.

    :param dag: the DAG
    :param config: the folder's configuration
    :param graph: its steps
    :raises ConfigError: the DAG has a schedule, and a param no default
    """
    if dag.timetable.can_be_scheduled:
        message = "needs a default: the DAG has a schedule, and nobody fills in a form for scheduled runs"
        problems = [config.problem(path, message) for path in _required(config) if path[-1] not in dag.params]
        if problems:
            raise ConfigError(problems)
    for name, param in trigger_params(config, graph).items():
        if name not in dag.params:
            dag.params[name] = param


def _settings(config: PipelineConfig, steps: list[str]) -> dict[str, Param]:
    """Return the section of :data:`sagemaker_mirror.config.pipeline.RUN_SETTINGS`."""
    name = config.pipeline.pipeline_name
    # ARNs of executions have the name in lower case. One that is not known yet may be any.
    known = _PIPELINE_NAME.fullmatch(name) and not name_pattern(_variables(config)).search(name)
    pipeline = f"({name}|{name.lower()})" if known else "[^/]+"
    arn = {"maxLength": _ARN_LENGTH, "pattern": _EXECUTION_ARN.format(pipeline=pipeline)}
    return {
        "display_name": _setting(
            "Display name",
            "Name of the execution in Studio: letters, digits and single hyphens. Empty: made of the run's id.",
            "string",
            maxLength=82,
            pattern=_DISPLAY_NAME,
        ),
        "max_parallel_steps": _setting(
            "Steps at once", "How many steps run at once. Empty: as many as the pipeline lets.", "integer", minimum=1
        ),
        "selected_steps": _selection(steps),
        "source_execution_arn": _setting(
            "Source execution",
            "ARN of the execution of this pipeline, succeeded or failed, whose results the chosen steps run on.",
            "string",
            **arn,
        ),
        "force_recompile": _switch("Recompile", "Upload all code and update the pipeline, even if nothing changed."),
        "disable_cache": _switch("No step cache", "Run every step anew, whatever results the step cache has."),
        "execution_arn": _setting(
            "Adopt execution",
            "ARN of an execution of this pipeline. The run follows it, whatever its state, and starts none.",
            "string",
            **arn,
        ),
    }


def _selection(steps: list[str]) -> Param:
    description = (
        "Run these steps alone, on the results of the source execution. They must hang together. Empty: all."
    )
    choice: dict[str, Any] = {}
    if AIRFLOW_3:
        choice["examples"] = steps
    else:
        # Airflow 2 can't show its list to choose from again, where it refuses the form and nothing was chosen in it.
        description += f" One a line, of {', '.join(steps)}."
    return Param(
        [],
        description,
        type=["null", "array"],
        title="Steps to run",
        section=SETTINGS,
        items={"type": "string", "enum": steps},
        uniqueItems=True,
        maxItems=MOST_STEPS,
        **choice,
    )


def _setting(title: str, description: str, kind: str, **limits: Any) -> Param:
    return Param(None, description, type=["null", kind], title=title, section=SETTINGS, **limits)


def _switch(title: str, description: str) -> Param:
    return Param(False, description, type="boolean", title=title, section=SETTINGS)


def _required(config: PipelineConfig) -> Iterator[tuple[str, ...]]:
    """Give the way to each value that only the form can give."""
    for name, parameter in config.pipeline.parameters.items():
        if parameter.default is None:
            yield "sagemakerPipeline", "parameters", name
    for name, default in _variables(config).items():
        if default is None and not name.startswith("SMP_"):
            yield "variables", name


def _variables(config: PipelineConfig) -> Mapping[str, Any]:
    return config.tree.get("variables") or {}


def _of_parameter(name: str, parameter: Parameter) -> Param:
    limits = {"minimum": parameter.minimum, "maximum": parameter.maximum, "enum": list(parameter.enum) or None}
    schema: dict[str, Any] = {
        "type": _JSON_TYPES[parameter.type],
        "title": name,
        **{key: limit for key, limit in limits.items() if limit is not None},
    }
    if parameter.default is None:
        # No value in the definition either: the form asks for one.
        return Param(description=parameter.description, **schema)
    if isinstance(parameter.default, str) and PLACEHOLDER.search(parameter.default):
        # Its placeholders are resolved in the definition; a run that leaves it empty takes it from there.
        schema["type"] = ["null", schema["type"]]
        note = f"Empty: {parameter.default}"
        return Param(None, description=f"{parameter.description} {note}" if parameter.description else note, **schema)
    return Param(parameter.default, description=parameter.description, **schema)


def _of_placeholder(name: str, default: Any) -> Param:
    if name.startswith("SMP_"):
        placeholder = _KNOWN.get(name, _OF_THE_CONF)
        elsewhere = ["the Airflow Variable", f"the environment variable {name}"]
    else:
        placeholder, elsewhere = _VARIABLE, []
    if default is not None:
        elsewhere.append(str(default))
    schema: dict[str, Any] = {"title": name, "section": PLACEHOLDERS}
    if placeholder.pattern is not None:
        schema["pattern"] = placeholder.pattern
    if not elsewhere:
        return Param(description=f"{placeholder.description}.", type="string", **schema)
    description = f"{placeholder.description}. Empty: {', else '.join(elsewhere)}."
    return Param(None, description=description, type=["null", "string"], **schema)
