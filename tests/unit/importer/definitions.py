"""Definitions at random, with steps of every type, in branches of branches."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TYPES = (
    "Processing",
    "Training",
    "Transform",
    "Model",
    "RegisterModel",
    "Tuning",
    "Lambda",
    "Callback",
    "EMR",
    "QualityCheck",
    "ClarifyCheck",
    "AutoML",
    "NotebookJob",
    "Fail",
    "SomethingNew",
)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(0, 9) | st.text("aé_${}:#'\"\\ \n", max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("abcXYZ", min_size=1), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """A definition that SageMaker could have: steps refer to steps before them only."""
    names = [f"s{number}" for number in range(draw(st.integers(1, 8)))]
    built: list[dict[str, Any]] = []
    while names:
        built.append(_step(draw, names, [], 0))
    parameters = [
        {"Name": name, "Type": kind, **({"DefaultValue": value} if draw(st.booleans()) else {})}
        for name, kind, value in (
            ("P", "String", "p"),
            ("Q", "Integer", 3),
            ("R", "Float", 0.5),
            ("S", "Boolean", True),
        )
        if draw(st.booleans())
    ]
    extra = {"PipelineExperimentConfig": draw(values)} if draw(st.booleans()) else {}
    return {"Version": "2020-12-01", "Metadata": {}, "Parameters": parameters, **extra, "Steps": built}


def _step(draw: st.DrawFn, names: list[str], above: list[str], depth: int) -> dict[str, Any]:
    name = names.pop(0)
    before = [f"s{number}" for number in range(int(name[1:])) if f"s{number}" not in above]
    step: dict[str, Any] = {"Name": name, "Type": draw(st.sampled_from(TYPES)), "Arguments": _arguments(draw, before)}
    if before and draw(st.booleans()):
        step["DependsOn"] = draw(
            st.lists(
                st.sampled_from(before).flatmap(
                    lambda other: st.sampled_from(
                        [other, {"Step": other, "Trigger": "Failed"}, {"Step": other, "Trigger": "Any"}]
                    )
                ),
                max_size=2,
                unique_by=lambda entry: entry if isinstance(entry, str) else entry["Step"],
            )
        )
    if draw(st.booleans()):
        step["SomethingBeside"] = draw(values)
    if depth < 3 and draw(st.integers(0, 3)) == 0:
        step["Type"] = "Condition"
        step["Arguments"] = {"Conditions": [{"Type": "Equals", "LeftValue": draw(values), "RightValue": 1}]}
        for side in ("IfSteps", "ElseSteps"):
            inside = []
            while names and draw(st.booleans()):
                inside.append(_step(draw, names, [*above, name], depth + 1))
            step["Arguments"][side] = inside
    return step


def _arguments(draw: st.DrawFn, before: list[str]) -> dict[str, Any]:
    arguments = draw(st.dictionaries(st.text("abcXYZ", min_size=1), values, max_size=2))
    for number, other in enumerate(draw(st.lists(st.sampled_from(before), max_size=2)) if before else ()):
        reference = {"Get": f"Steps.{other}.Some.Property['x']"}
        arguments[f"Read{number}"] = draw(
            st.sampled_from(
                [
                    reference,
                    {"Std:Join": {"On": "/", "Values": ["s3:/", reference]}},
                    {"Std:JsonGet": {"PropertyFile": {"Get": f"Steps.{other}.PropertyFiles.F"}, "Path": "a.b"}},
                    [{"deep": {"er": reference}}],
                ]
            )
        )
    return arguments
