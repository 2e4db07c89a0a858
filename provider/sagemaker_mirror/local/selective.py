"""Selective execution: some steps run, the results of those above them are taken from an earlier execution.

Rules are those of "Selective execution of pipeline steps" in the SageMaker developer guide and of
SelectiveExecutionConfig in the API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sagemaker_mirror.local.definition import Definition
from sagemaker_mirror.local.errors import validation
from sagemaker_mirror.local.records import Execution, StepResult, StepRow
from sagemaker_mirror.local.store import Store


def selected_steps(definition: Definition, config: Mapping[str, Any] | None) -> frozenset[str] | None:
    """The steps to run; None for all.

    :raises ServiceError: ValidationException if a step is unknown, the steps are not connected, or one that lies
        between two of them is left out.
    """
    if config is None:
        return None
    selected = frozenset(step["StepName"] for step in config["SelectedSteps"])
    unknown = sorted(selected - definition.steps.keys())
    if unknown:
        raise validation(f"Selected step '{unknown[0]}' does not exist in the pipeline.")
    for name in selected:
        for between in definition.ancestors(name) - selected:
            if definition.ancestors(between) & selected:
                raise validation(f"Step '{between}' lies between selected steps and must be selected too.")
    _check_connected(definition, selected)
    return selected


def reused_rows(store: Store, execution: Execution) -> tuple[StepRow, ...]:
    """The rows of the steps above the selected ones, with the results of the source execution.

    :raises ServiceError: ValidationException if there is no fit source, or a needed step did not succeed there.
    """
    selected, config = execution.selected or frozenset(), execution.selective_config or {}
    definition = execution.definition
    above = {name for step in selected for name in definition.ancestors(step)} - selected
    if not above:
        return ()
    source = _source(store, execution, config.get("SourcePipelineExecutionArn"))
    rows = source.current_rows
    for step in sorted(selected):
        for needed in sorted(definition.upstream(step) - selected):
            if needed not in rows or rows[needed].status != "Succeeded":
                raise validation(
                    f"Step '{step}' needs the result of step '{needed}', "
                    f"which did not succeed in the source execution {source.arn}."
                )
    return tuple(
        replace(
            rows[name],
            sequence=store.next_sequence(),
            started=execution.created,
            ended=execution.created,
            result=_own(rows[name].result),
            reused_from=source.arn,
        )
        for name in definition.steps
        if name in above and name in rows and rows[name].status == "Succeeded"
    )


def _own(result: StepResult | None) -> StepResult | None:
    # A row shows one origin: the source execution, wherever that had it from.
    return replace(result, cache_source=None) if result else None


def _source(store: Store, execution: Execution, arn: str | None) -> Execution:
    if arn is None:
        raise validation(
            "SourcePipelineExecutionArn is required: selected steps depend on steps that are not selected."
        )
    source = store.execution(arn)
    if source.pipeline_arn != execution.pipeline_arn:
        raise validation(f"Source execution {arn} is no execution of pipeline {execution.pipeline_name}.")
    if source.status not in ("Succeeded", "Failed"):
        raise validation(f"Source execution {arn} has status '{source.status}'; it must be Succeeded or Failed.")
    return source


def _check_connected(definition: Definition, selected: frozenset[str]) -> None:
    neighbours: dict[str, set[str]] = {name: set() for name in selected}
    for name in selected:
        for above in definition.upstream(name) & selected:
            neighbours[name].add(above)
            neighbours[above].add(name)
    reached: set[str] = set()
    waiting = [min(selected)]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(neighbours[name])
    if reached != selected:
        raise validation(
            f"Selected steps must be connected: '{min(selected - reached)}' is not connected to '{min(selected)}'."
        )
