"""The conf of a run that mirrors an execution which was begun outside Airflow."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from sagemaker_mirror.config import Parameter, PipelineConfig
from sagemaker_mirror.operators.values import PREFIX

log = logging.getLogger(__name__)

_BOOLEANS = {"true": True, "false": False}


def run_conf(
    config: PipelineConfig, execution_arn: str, started_by: str | None, parameters: Mapping[str, str]
) -> dict[str, Any]:
    """Return the conf: the execution, who began it, and its parameters as the DAG's params take them.

    :param config: the folder's configuration
    :param execution_arn: the execution
    :param started_by: the Studio user profile that began it, where SageMaker tells
    :param parameters: the values of the pipeline's parameters, as texts
    """
    conf: dict[str, Any] = {"execution_arn": execution_arn, "started_by": started_by}
    for name, parameter in config.pipeline.parameters.items():
        if name not in parameters:
            continue
        value = typed(parameter, parameters[name])
        if value is None:
            log.warning(
                "Execution %s has %s=%r, which the conf does not allow: the run shows the default instead.",
                execution_arn,
                name,
                parameters[name],
            )
        else:
            conf[name] = value
    # A variable that only the trigger form can give is needed to compile, which such a run does not do.
    variables = config.tree.get("variables") or {}
    return {**dict.fromkeys((n for n, v in variables.items() if v is None and not n.startswith(PREFIX)), ""), **conf}


def typed(parameter: Parameter, text: str) -> str | int | float | bool | None:
    """Return a parameter's value as its type has it; None: the DAG's param would refuse it.

    SageMaker gives all values as texts.

    :param parameter: the parameter as the conf has it
    :param text: the value
    """
    try:
        value = _parsed(parameter.type, text)
    except (ValueError, KeyError):
        return None
    if parameter.enum and value not in parameter.enum:
        return None
    if parameter.minimum is not None and float(value) < parameter.minimum:
        return None
    if parameter.maximum is not None and float(value) > parameter.maximum:
        return None
    return value


def _parsed(kind: str, text: str) -> str | int | float | bool:
    if kind == "Integer":
        return int(text)
    if kind == "Float":
        return float(text)
    return _BOOLEANS[text.lower()] if kind == "Boolean" else text
