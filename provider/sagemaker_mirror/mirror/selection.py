"""Whether steps can be run by themselves, on the results of an earlier execution.

SageMaker refuses what does not fit, but only in general terms, and some of it after the start.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_SelectiveExecutionConfig.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sagemaker_mirror.mirror.arns import ExecutionArn
from sagemaker_mirror.mirror.plan import Plan
from sagemaker_mirror.mirror.snapshot import FAILED, SUCCEEDED, ExecutionSnapshot

# SelectedSteps of SelectiveExecutionConfig
MOST_STEPS = 50


def selection_problems(
    plan: Plan, selected: Sequence[str], pipeline_name: str, source: ExecutionSnapshot | None
) -> tuple[str, ...]:
    """Say what keeps steps from being run by themselves; nothing: they can be.

    :param plan: what the definition asks for
    :param selected: the steps to run
    :param pipeline_name: the pipeline
    :param source: the execution whose results are to be reused; None: there is nothing to reuse
    """
    unknown = [name for name in selected if name not in plan.steps]
    if unknown:
        return (f"the pipeline has no step {', '.join(unknown)} (it has {', '.join(plan.steps)})",)
    return tuple(_problems(plan, frozenset(selected), pipeline_name, source))


def _problems(
    plan: Plan, selected: frozenset[str], pipeline_name: str, source: ExecutionSnapshot | None
) -> Iterator[str]:
    if not 1 <= len(selected) <= MOST_STEPS:
        yield f"{len(selected)} steps are selected; it must be 1 to {MOST_STEPS}"
    else:
        above = {name: _ancestors(plan, name) for name in plan.steps}
        for name in plan.steps:
            if name not in selected and above[name] & selected and any(name in above[step] for step in selected):
                yield f"step {name} lies between selected steps and must be selected too"
        apart = selected - _connected(plan, selected)
        if apart:
            yield f"selected steps must be connected, and {', '.join(sorted(apart))} is not connected to the others"
    if source is None:
        needed = {name for step in selected for name in _upstream(plan, step)} - selected
        if needed:
            yield f"the results of {', '.join(sorted(needed))} are needed, so a source execution must be named"
        return
    of = ExecutionArn.parse(source.arn).pipeline_name
    if of.lower() != pipeline_name.lower():
        yield f"the source execution is one of pipeline {of}, not of {pipeline_name}"
    if source.status not in (SUCCEEDED, FAILED):
        yield f"the source execution is {source.status}; it must be {SUCCEEDED} or {FAILED}"


def _upstream(plan: Plan, name: str) -> frozenset[str]:
    step = plan.steps[name]
    names = {requirement.step for requirement in step.requirements}
    if step.branch is not None:
        names.add(step.branch.condition)
    return frozenset(names & plan.steps.keys())


def _ancestors(plan: Plan, name: str) -> frozenset[str]:
    found: set[str] = set()
    waiting = list(_upstream(plan, name))
    while waiting:
        above = waiting.pop()
        if above not in found:
            found.add(above)
            waiting.extend(_upstream(plan, above))
    return frozenset(found)


def _connected(plan: Plan, selected: frozenset[str]) -> frozenset[str]:
    """The selected steps that hang together with the first of them, by edges between selected steps."""
    neighbours: dict[str, set[str]] = {name: set() for name in selected}
    for name in selected:
        for above in _upstream(plan, name) & selected:
            neighbours[name].add(above)
            neighbours[above].add(name)
    found: set[str] = set()
    waiting = [next(name for name in plan.steps if name in selected)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(neighbours[name])
    return frozenset(found)
