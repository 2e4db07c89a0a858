"""What changes when a pipeline is written: found completely, and said so that people can read it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sagemaker_mirror.compiler.canonical import digest
from sagemaker_mirror.compiler.difference import (
    MISSING,
    ContentChange,
    StepChange,
    ValueChange,
    difference,
    provenance,
)
from sagemaker_mirror.compiler.difference_text import difference_lines, value_text
from sagemaker_mirror.compiler.pipeline import SHA256_KEY

OLD, NEW = "a" * 64, "b" * 64
ARTIFACT = "Steps.grow.ModelArtifacts.S3ModelArtifacts"


@dataclass(frozen=True)
class State:
    definition: dict[str, Any]
    role_arn: str | None = "arn:aws:iam::123456789012:role/Vintner"
    description: str | None = None
    parallelism: int | None = None


def definition() -> dict[str, Any]:
    return {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Rate", "Type": "Float", "DefaultValue": 0.5}],
        "Steps": [
            {
                "Name": "prune",
                "Type": "Processing",
                "Arguments": {
                    "ProcessingInputs": [
                        {"InputName": "code", "S3Input": {"S3Uri": f"s3://cellar/wine/code/{OLD}/sourcedir.tar.gz"}},
                        {"InputName": "vines", "S3Input": {"S3Uri": "s3://cellar/vines.csv"}},
                    ]
                },
            },
            {
                "Name": "grow",
                "Type": "Training",
                "Arguments": {
                    "HyperParameters": {
                        "sagemaker_submit_directory": f'"s3://cellar/wine/code/{OLD}/sourcedir.tar.gz"',
                        "depth": "3",
                    },
                    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
                },
                "DependsOn": ["prune"],
            },
            {
                "Name": "press",
                "Type": "Model",
                "Arguments": {"PrimaryContainer": {"ModelDataUrl": {"Get": ARTIFACT}}},
            },
        ],
    }


def signed(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "Metadata": {SHA256_KEY: digest(document)}}


def compare(change):
    """The difference that a change of the definition makes."""
    new = definition()
    change(new)
    return difference(State(signed(definition())), State(signed(new)))


def text(found, names=None) -> list[str]:
    return [str(line) for line in difference_lines(found, names)]


def test_nothing_changes():
    found = difference(State(signed(definition()), description=""), State(signed(definition())))

    assert not found
    assert text(found) == []


def test_a_new_pipeline_adds_all_its_steps():
    found = difference(None, State(signed(definition())))

    assert found.is_new
    assert text(found) == ["+ step prune (Processing)", "+ step grow (Training)", "+ step press (Model)"]


def test_a_new_pipeline_is_a_difference_whatever_it_holds():
    assert difference(None, State({"Steps": []}))


def test_a_changed_argument_is_named_by_its_path():
    def change(new):
        new["Steps"][1]["Arguments"]["ResourceConfig"]["InstanceType"] = "ml.m5.xlarge"

    found = compare(change)

    values = (ValueChange("ResourceConfig.InstanceType", "ml.m5.large", "ml.m5.xlarge"),)
    assert found.steps == (StepChange("grow", "Training", "changed", values),)
    assert text(found) == [
        "~ step grow (Training)",
        "    ~ ResourceConfig.InstanceType: ml.m5.large → ml.m5.xlarge",
    ]


def test_items_of_lists_are_told_apart_by_their_names():
    def change(new):
        inputs = new["Steps"][0]["Arguments"]["ProcessingInputs"]
        inputs.insert(0, {"InputName": "weather", "S3Input": {"S3Uri": "s3://cellar/weather.csv"}})
        inputs[2]["S3Input"]["S3Uri"] = "s3://cellar/more-vines.csv"

    (step,) = compare(change).steps

    assert [(value.path, value.old) for value in step.values] == [
        ("ProcessingInputs[vines].S3Input.S3Uri", "s3://cellar/vines.csv"),
        ("ProcessingInputs[weather]", MISSING),
    ]


def test_changed_code_is_named_once_for_each_step_that_runs_it():
    def change(new):
        new["Steps"][0]["Arguments"]["ProcessingInputs"][0]["S3Input"]["S3Uri"] = (
            f"s3://cellar/wine/code/{NEW}/sourcedir.tar.gz"
        )
        new["Steps"][1]["Arguments"]["HyperParameters"]["sagemaker_submit_directory"] = (
            f'"s3://cellar/wine/code/{NEW}/sourcedir.tar.gz"'
        )

    found = compare(change)

    content = ContentChange("s3://cellar/wine/code", "sourcedir.tar.gz", OLD, NEW)
    assert [(step.name, step.values, step.contents) for step in found.steps] == [
        ("prune", (), (content,)),
        ("grow", (), (content,)),
    ]
    assert text(found, {content.uri: "scripts in red/scripts"})[1] == (
        "    ~ sourcedir.tar.gz (scripts in red/scripts) has changed: aaaaaaaaaaaa → bbbbbbbbbbbb"
    )
    assert text(found)[1] == "    ~ sourcedir.tar.gz has changed: aaaaaaaaaaaa → bbbbbbbbbbbb"


def test_code_at_another_place_is_a_changed_argument():
    def change(new):
        new["Steps"][0]["Arguments"]["ProcessingInputs"][0]["S3Input"]["S3Uri"] = (
            f"s3://attic/wine/code/{NEW}/sourcedir.tar.gz"
        )

    (step,) = compare(change).steps

    assert not step.contents
    assert [value.path for value in step.values] == ["ProcessingInputs[code].S3Input.S3Uri"]


def test_added_and_removed_steps_and_dependencies():
    def change(new):
        del new["Steps"][0]
        new["Steps"][0]["DependsOn"] = ["bottle"]
        new["Steps"].append({"Name": "bottle", "Type": "Processing", "Arguments": {}})

    assert text(compare(change)) == [
        "- step prune (Processing)",
        "~ step grow (Training)",
        '    ~ DependsOn: ["prune"] → ["bottle"]',
        "+ step bottle (Processing)",
    ]


def test_parameters_and_settings():
    new = definition()
    new["Parameters"][0]["DefaultValue"] = 0.7
    new["Parameters"].append({"Name": "Year", "Type": "Integer"})
    current = State(signed(definition()), role_arn="arn:aws:iam::123456789012:role/Other", description="Wine.")

    assert text(difference(current, State(signed(new), parallelism=4))) == [
        "~ role: arn:aws:iam::123456789012:role/Other → arn:aws:iam::123456789012:role/Vintner",
        '~ description: Wine. → ""',
        "+ parallelism: 4",
        "~ Parameters[Rate].DefaultValue: 0.5 → 0.7",
        '+ Parameters[Year]: {"Name": "Year", "Type": "Integer"}',
    ]


def test_a_limit_that_nobody_asks_for_stays():
    assert not difference(State(signed(definition()), parallelism=4), State(signed(definition())))


def test_another_order_of_steps_is_a_change():
    found = compare(lambda new: new["Steps"].reverse())

    assert not found.steps
    assert text(found) == ["~ order of the steps: press, grow, prune"]


def test_a_number_that_becomes_text_can_be_seen():
    def change(new):
        new["Steps"][1]["Arguments"]["HyperParameters"]["depth"] = 3

    assert text(compare(change))[1] == '    ~ HyperParameters.depth: "3" → 3'


def test_references_are_compared_as_a_whole_and_read_like_variables():
    joined = {"Std:Join": {"On": "/", "Values": ["s3:/", "cellar", {"Get": "Execution.PipelineExecutionId"}]}}

    def change(new):
        new["Steps"][2]["Arguments"]["PrimaryContainer"]["ModelDataUrl"] = joined

    assert text(compare(change))[1] == (
        "    ~ PrimaryContainer.ModelDataUrl: "
        "${Steps.grow.ModelArtifacts.S3ModelArtifacts} → s3://cellar/${Execution.PipelineExecutionId}"
    )


def test_long_values_are_cut_around_the_difference():
    def change(new):
        new["Steps"][1]["Description"] = "x" * 500 + "new" + "y" * 500

    old = definition()
    old["Steps"][1]["Description"] = "x" * 500 + "old" + "y" * 500
    new = definition()
    change(new)
    (_, line) = text(difference(State(old), State(new)))

    assert len(line) < 260
    assert "xxold" in line
    assert "xxnew" in line


@pytest.mark.parametrize(
    ("value", "expected"), [("", '""'), (" a", '" a"'), ("a\nb", '"a\\nb"'), (True, "true"), (["a", 1], '["a", 1]')]
)
def test_values_are_told_from_what_is_around_them(value, expected):
    assert value_text(value) == expected


def test_the_hash_is_shown_only_where_nothing_else_tells():
    found = difference(State(definition()), State(signed(definition())))

    assert [value.path for value in found.values] == [f"Metadata.{SHA256_KEY}"]
    new = definition()
    new["Version"] = "2030-12-01"
    assert [value.path for value in difference(State(definition()), State(signed(new))).values] == ["Version"]


def test_where_a_definition_comes_from():
    assert provenance(signed(definition())) == "compiled"
    assert provenance(definition()) == "foreign"
    assert provenance({**signed(definition()), "Version": "2030-12-01"}) == "changed"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b", "1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Name", "Get", "Key", "S3Uri"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def places(value, path=()):
    """The ways to all values, but for what SageMaker demands of a definition's outline."""
    if len(path) > 2 or path[:1] in (("Parameters",), ("Version",)):
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if not (len(path) == 2 and key in ("Name", "Type")):
            yield from places(inner, (*path, key))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_there_is_a_difference_exactly_where_definitions_differ(data):
    old, new = definition(), definition()
    for side in (old, new):
        path = data.draw(st.sampled_from([path for path in places(side) if path]))
        target = side
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = copy.deepcopy(data.draw(VALUES))
    found = difference(State(signed(old)), State(signed(new)))

    assert bool(found) == (signed(old) != signed(new))
    assert bool(text(found)) == bool(found)
