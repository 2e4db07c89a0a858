"""The trigger form: one typed param for each value that a run may set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sagemaker_mirror.compat import DAG, Param
from sagemaker_mirror.config import ConfigError, Parameter, PipelineConfig
from sagemaker_mirror.config.fields import PLACEHOLDER

PLACEHOLDERS = "Placeholders"  # the folded section of the form

_JSON_TYPES = {"String": "string", "Integer": "integer", "Float": "number", "Boolean": "boolean"}


@dataclass(frozen=True)
class Placeholder:
    """What the form says of one placeholder.

    :param description: what the value is
    :param pattern: the regular expression (as in JSON schema) that a value has to match
    """

    description: str
    pattern: str | None = None


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


def trigger_params(config: PipelineConfig) -> dict[str, Param]:
    """Return the params of a DAG, in the order of its trigger form: the pipeline's parameters, then placeholders.

    :param config: the folder's configuration
    """
    variables = _variables(config)
    names = [*_KNOWN, *sorted({*variables, *config.placeholders} - _KNOWN.keys())]
    return {
        **{name: _of_parameter(name, parameter) for name, parameter in config.pipeline.parameters.items()},
        **{name: _of_placeholder(name, variables.get(name)) for name in names},
    }


def add_params(dag: DAG, config: PipelineConfig) -> None:
    """Add the trigger form to a DAG that has its tasks already; params that it has stay as they are.

    Airflow copies the params of a DAG into each of its tasks once for every class that the task's operator is derived
    from, which takes longer than all the rest together. Tasks that come before the params have no copies, and need
    none: a run merges the DAG's params anyway.

    :param dag: the DAG
    :param config: the folder's configuration
    :raises ConfigError: the DAG has a schedule, and a param no default
    """
    if dag.timetable.can_be_scheduled:
        message = "needs a default: the DAG has a schedule, and nobody fills in a form for scheduled runs"
        problems = [config.problem(path, message) for path in _required(config) if path[-1] not in dag.params]
        if problems:
            raise ConfigError(problems)
    for name, param in trigger_params(config).items():
        if name not in dag.params:
            dag.params[name] = param


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
