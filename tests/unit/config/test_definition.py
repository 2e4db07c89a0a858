"""Confs that keep a definition in place of models."""

from __future__ import annotations

import json

import pytest

from sagemaker_mirror.config import ConfigError, load_folder
from sagemaker_mirror.graph import Edge, build_graph

from .folders import MARK, problems_of, write

CONF = """\
conf:
  sagemakerPipeline:
    pipelineName: harvest
    definition: definition.json
"""

DEFINITION = """\
{
  "Version": "2020-12-01",
  "Metadata": {"Season": "spring"},
  "Parameters": [
    {"Name": "Rain", "Type": "Float", "DefaultValue": 6.5},
    {"Name": "Crop", "Type": "String", "DefaultValue": "rye", "EnumValues": ["rye", "oat"]}
  ],
  "Steps": [
    {"Name": "sow", "Type": "Processing", "Arguments": {"Key": "SMP_KMS_KEY", "Field": "SMP_FIELD", "No": null}},
    {
      "Name": "grow",
      "Type": "Tuning",
      "Arguments": {"Seed": {"Std:Join": {"On": "/", "Values": [{"Get": "Steps.sow.Seed"}, "${params.Nobody}"]}}}
    },
    {
      "Name": "dry",
      "Type": "Condition",
      "DependsOn": [{"Step": "grow", "Trigger": "Any"}],
      "Arguments": {
        "Conditions": [{"Type": "LessThan", "LeftValue": {"Get": "Parameters.Rain"}, "RightValue": 1}],
        "IfSteps": [
          {"Name": "water", "Type": "Lambda", "Arguments": {}, "FunctionArn": "arn"},
          {"Name": "wait", "Type": "Callback", "Arguments": {}, "SqsQueueUrl": {"Get": "Steps.water.Url"}}
        ],
        "ElseSteps": [{"Name": "mow", "Type": "Fail", "Arguments": {"ErrorMessage": "drowned"}}]
      }
    }
  ]
}
"""

VALUES = {"SMP_FIELD": "north"}


def folder(root, definition=DEFINITION, conf=CONF):
    return write(root, {"iris/conf/conf.yaml": conf, "iris/conf/definition.json": definition})


def expect(root, definition, message):
    """Expect one problem, at the mark in the definition."""
    before = definition.partition(MARK)[0]
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    found = problems_of(root, CONF, **{"iris/conf/definition.json": definition.replace(MARK, "")})
    assert [f"{problem.path.name}:{problem.line}:{problem.column}: {problem.message}" for problem in found] == [
        f"definition.json:{place}: {message}"
    ]


def test_all_steps_of_a_definition_are_steps(tmp_path):
    graph = build_graph(load_folder(folder(tmp_path)))

    assert {name: step.step_class for name, step in graph.steps.items()} == {
        "sow": "Processing",
        "grow": "Tuning",
        "dry": "Condition",
        "water": "Lambda",
        "wait": "Callback",
        "mow": "Fail",
    }
    assert {step.model for step in graph.steps.values()} == {None}


def test_steps_wait_as_they_say_as_data_flows_and_for_the_condition_above_them(tmp_path):
    assert set(load_folder(folder(tmp_path)).edges) == {
        Edge("sow", "grow", "chained"),
        Edge("grow", "dry", "explicit", "any"),
        Edge("dry", "water", "branch"),
        Edge("dry", "wait", "branch"),
        Edge("water", "wait", "chained"),
        Edge("dry", "mow", "branch"),
    }


def test_parameters_are_those_of_the_definition(tmp_path):
    parameters = load_folder(folder(tmp_path)).pipeline.parameters

    assert {name: (it.type, it.default, it.enum) for name, it in parameters.items()} == {
        "Rain": ("Float", 6.5, ()),
        "Crop": ("String", "rye", ("rye", "oat")),
    }


def test_the_conf_can_say_more_of_parameters(tmp_path):
    more = "    parameters: {Rain: {default: 3.5, minimum: 0, description: In litres.}}\n"
    rain = load_folder(folder(tmp_path, conf=CONF + more)).pipeline.parameters["Rain"]

    assert (rain.type, rain.default, rain.minimum, rain.description) == ("Float", 3.5, 0, "In litres.")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("{Ran: }", "the definition has no parameter 'Ran'; did you mean 'Rain'?"),
        ("{Rain: {type: String, default: much}}", "'Rain' is of type Float in the definition"),
    ],
)
def test_what_the_conf_says_of_parameters_must_fit(tmp_path, parameters, message):
    conf = f"{CONF}    parameters: {parameters}\n"
    [problem] = problems_of(tmp_path, conf, **{"iris/conf/definition.json": DEFINITION})

    assert (problem.path.name, problem.line, problem.message) == ("conf.yaml", 5, message)


def test_placeholders_in_a_definition_get_values_and_nothing_else_is_changed(tmp_path):
    config = load_folder(folder(tmp_path))
    resolved = config.resolve(VALUES)

    assert config.placeholders == {"SMP_KMS_KEY", "SMP_FIELD"}
    expected = json.loads(DEFINITION)
    expected["Steps"][0]["Arguments"] = {"Field": "north", "No": None}
    assert resolved.definition == expected


def test_a_placeholder_without_value_is_named_at_its_place(tmp_path):
    with pytest.raises(ConfigError) as error:
        load_folder(folder(tmp_path)).resolve({})

    [problem] = error.value.problems
    assert (problem.path.name, problem.line, problem.message) == (
        "definition.json",
        9,
        "SMP_FIELD has no value",
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"2020-12-01"', '▶"1999"', "'Version' must be '2020-12-01', is '1999'; known are '2020-12-01'"),
        ('"Tuning"', "▶7", "'Type' must be text, is the number 7; put it in quotes"),
        (
            '"sow", "Type": "P',
            '▶"s o w", "Type": "P',
            "'Name' must be 1 to 64 letters, digits, '-' or '_', is 's o w'",
        ),
        ('"mow"', '▶"sow"', "two steps have the name 'sow'"),
        ('"mow"', '▶"SMP_X"', "'SMP_X' has no value yet when the DAG is built, which needs 'Name'"),
        ('"FunctionArn": "arn"', '"DependsOn": ▶"dry"', "'DependsOn' must be a list, is 'dry'"),
        (
            '"DefaultValue": "rye"',
            '"DefaultValue": ▶[]',
            "'DefaultValue' must be text, a number or a boolean, is a list",
        ),
        ('{"Name": "mow"', '▶{"Name": "mow", "DependsOn": ["mow"]', "'mow' waits for itself"),
        (
            '    {\n      "Name": "grow",',
            '    ▶{\n      "Name": "grow", "DependsOn": ["sew"],',
            "step 'grow' waits for 'sew', but there is no such step; did you mean 'sow'?",
        ),
        (
            '    {"Name": "sow",',
            '    ▶{"Name": "sow", "DependsOn": ["grow"],',
            "these steps wait for each other: sow >> grow >> sow",
        ),
        (
            '"Season": "spring"',
            '"Season": 1, ▶"Season": 2',
            "has the key 'Season' twice in one mapping; the first is in line 3",
        ),
        ('"Season": "spring"', '"Season": ▶spring', "is no JSON: expecting value"),
    ],
)
def test_mistakes_in_a_definition_are_shown_at_their_place(tmp_path, old, new, message):
    assert DEFINITION.count(old) == 1
    definition = DEFINITION.replace(old, new)
    if "sow" in new and "wait" in message and "DependsOn" not in new:
        definition = definition.replace("Steps.sow", "Steps.grow")
    expect(tmp_path, definition, message)


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        (CONF.replace("definition.json", "definitoin.json"), "there is no file 'definitoin.json' beside this conf"),
        (
            CONF.replace("definition.json", "../../../escaped.json"),
            "leaves the configs root {root} by a symlink or '..'",
        ),
        (
            CONF + "    dependencies: a >> b\n",
            "'sagemakerPipeline' has 'dependencies' and 'definition', which says what the steps are and wait for",
        ),
        (CONF + "  models: {m: {}}\n", "'models' has nobody to read it: the steps are those of the definition"),
        (
            CONF.replace("    definition: definition.json\n", ""),
            "'sagemakerPipeline' needs 'models'",
        ),
        (
            CONF.replace("definition.json", "SMP_DEFINITION"),
            "there is no file 'SMP_DEFINITION' beside this conf",
        ),
    ],
)
def test_a_conf_has_models_or_a_definition(tmp_path, conf, message):
    root = tmp_path / "configs"
    (tmp_path / "escaped.json").write_text(DEFINITION)
    found = problems_of(root, conf, **{"iris/conf/definition.json": DEFINITION})

    assert message.format(root=root) in [problem.message for problem in found]


def test_json_that_is_no_yaml_is_read_and_has_no_places(tmp_path):
    halves = DEFINITION.replace("spring", "\\ud83c\\udf31").replace('"Tuning"', "7")

    [problem] = problems_of(tmp_path, CONF, **{"iris/conf/definition.json": halves})

    assert (problem.line, problem.column) == (1, 1)


def test_paths_of_steps_lead_into_the_definition(tmp_path):
    config = load_folder(folder(tmp_path))

    assert str(config.problem(config.step_path("wait"), "waits")).endswith("definition.json:23:11: waits")


def test_problems_of_several_files_come_together(tmp_path):
    conf = CONF + "    paralelism: 3\n"
    definition = DEFINITION.replace('"Tuning"', "7")

    found = problems_of(tmp_path, conf, **{"iris/conf/definition.json": definition})

    assert [problem.path.name for problem in found] == ["conf.yaml", "definition.json"]
