"""One step of a definition: its arguments, and what stands beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sagemaker_mirror.compiler import create_model, metrics, processing, register_model, training, transform
from sagemaker_mirror.compiler.envelope import CACHEABLE
from sagemaker_mirror.compiler.parameters import with_parameters
from sagemaker_mirror.compiler.references import Request, Value
from sagemaker_mirror.compiler.refused import Refused
from sagemaker_mirror.compiler.scope import Scope
from sagemaker_mirror.config.model import RetryPolicy
from sagemaker_mirror.graph import StepGraph

#: For each class of step: its type in the definition, and what writes its arguments.
STEPS: Mapping[str, tuple[str, Callable[[Scope], Request]]] = {
    "Processing": ("Processing", processing.arguments),
    "Training": ("Training", training.arguments),
    "CreateModel": ("Model", create_model.arguments),
    "Transform": ("Transform", transform.arguments),
    "Metrics": ("Processing", metrics.arguments),
    "RegisterModel": ("RegisterModel", register_model.arguments),
}
_TRIGGERS = {"failed": "Failed", "stopped": "Stopped", "any": "Any"}


def define_step(scope: Scope, graph: StepGraph) -> Request:
    """Write a step of the definition.

    :param scope: the step.
    :param graph: the graph of the pipeline. Its explicit edges become ``DependsOn``; the others are in the arguments,
        which refer to other steps.
    :raises Refused: the conf asks for something that can't be.
    """
    step = scope.step
    kind, write = STEPS[step.step_class]
    arguments = with_parameters(write(scope), scope.config.pipeline.parameters)
    definition: Request = {"Name": step.name, "Type": kind, "Arguments": arguments}
    display_name = step.display_name or (_model_name(scope) if step.step_class == "CreateModel" else None)
    if display_name:
        definition["DisplayName"] = display_name
    if step.description:
        definition["Description"] = step.description
    if depends_on := _depends_on(step.name, graph):
        definition["DependsOn"] = depends_on
    if kind in CACHEABLE:
        definition["CacheConfig"] = _cache(scope)
    if step.retry_policies:
        definition["RetryPolicies"] = [_retry_policy(policy) for policy in step.retry_policies]
    if step.step_class == "Metrics":
        definition["PropertyFiles"] = [dict(file) for file in metrics.PROPERTY_FILES]
    for key in definition.keys() - {"Arguments"}:
        if "${params." in str(definition[key]):
            raise Refused(
                f"{key} can't hold a parameter; the service takes them in the step's arguments only", *scope.at_step()
            )
    return definition


def _model_name(scope: Scope) -> str | None:
    return scope.config.models[scope.model].name


def _depends_on(name: str, graph: StepGraph) -> list[Value]:
    return [
        edge.source if edge.on == "succeeded" else {"Step": edge.source, "Trigger": _TRIGGERS[edge.on]}
        for edge in graph.edges
        if edge.target == name and edge.kind == "explicit"
    ]


def _cache(scope: Scope) -> Request:
    return {"Enabled": scope.step.enable_cache, "ExpireAfter": scope.step.cache_expire_after}


def _retry_policy(policy: RetryPolicy) -> Request:
    limit = (
        {"ExpireAfterMin": policy.expire_after_mins}
        if policy.max_attempts is None
        else {"MaxAttempts": policy.max_attempts}
    )
    return {
        "ExceptionType": list(policy.exception_types),
        "IntervalSeconds": policy.interval_seconds,
        "BackoffRate": policy.backoff_rate,
        **limit,
    }


def without_cache(step: Request) -> Request:
    """Return a step of a definition that runs anew whatever the cache has, with all steps of its branches.

    :param step: the step.
    """
    changed = dict(step)
    if "CacheConfig" in step:
        changed["CacheConfig"] = {**step["CacheConfig"], "Enabled": False}
    if step["Type"] == "Condition":
        arguments = step["Arguments"]
        branches = {name: arguments[name] for name in ("IfSteps", "ElseSteps") if name in arguments}
        inner = {name: [without_cache(step) for step in steps] for name, steps in branches.items()}
        changed["Arguments"] = {**arguments, **inner}
    return changed
