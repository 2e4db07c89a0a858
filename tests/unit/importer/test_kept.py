"""Pipelines whose definition is kept beside the conf."""

from __future__ import annotations

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagemaker_mirror.compiler import SHA256_KEY, Target, compile_pipeline
from sagemaker_mirror.compiler.canonical import digest
from sagemaker_mirror.compiler.difference import provenance, without_mark
from sagemaker_mirror.config import ConfigError, load_folder
from sagemaker_mirror.graph import build_graph
from sagemaker_mirror.importer import FolderTakenError, ImportedPipeline, write_folder
from sagemaker_mirror.local.definition import parse_definition
from sagemaker_mirror.mirror.arns import Arn
from sagemaker_mirror.mirror.plan import Plan

from .definitions import definitions

TARGET = Target("eu-central-1", "123456789012", "harvest-data", "arn:aws:iam::123456789012:role/Farmer")
DEFINITION = {
    "Version": "2020-12-01",
    "Metadata": {"Season": "spring", SHA256_KEY: "0"},
    "Parameters": [{"Name": "Rain", "Type": "Float", "DefaultValue": 1.5}],
    "Steps": [
        {"Arguments": {"Field": "ä"}, "Type": "Tuning", "Name": "grow"},
        {
            "Arguments": {
                "ElseSteps": [],
                "IfSteps": [{"Type": "Lambda", "Name": "mow", "Arguments": {}}],
                "Conditions": [{"Type": "Equals", "LeftValue": {"Get": "Steps.grow.Sun"}, "RightValue": 1}],
            },
            "Type": "Condition",
            "Name": "dry",
        },
    ],
}
PIPELINE = ImportedPipeline(
    definition=DEFINITION,
    name="Harvest",
    arn=Arn.parse("arn:aws:sagemaker:eu-central-1:123456789012:pipeline/harvest"),
    version_id=3,
    role_arn="arn:aws:iam::123456789012:role/Harvester",
    description="Reaps: 'what' was #sown",
    parallelism=4,
    tags={"team": "012", "aws:cloudformation:stack-name": "fields"},
)


def compiled(folder):
    config = load_folder(folder)
    return compile_pipeline(config, build_graph(config), TARGET, {})


def no_object(uri):
    raise ValueError(f"there is no {uri}")


@given(definitions(), st.booleans())
def test_an_imported_definition_compiles_to_itself_and_its_graph_is_its_own(tmp_path_factory, definition, marked):
    if marked:  # as if we had written it before
        rest = {name: value for name, value in definition.items() if name != "Metadata"}
        definition["Metadata"] = {SHA256_KEY: digest(rest)}
    root = tmp_path_factory.mktemp("configs")
    try:
        written = write_folder(ImportedPipeline(definition), "harvest", root / "harvest", fetch=no_object)
        result = compiled(root / "harvest").definition
    finally:
        shutil.rmtree(root)

    assert without_mark(result) == without_mark(definition)
    assert provenance(result) == "compiled"
    # The embedded SageMaker reads definitions by itself, and so does the mirror.
    expected = parse_definition(json.dumps(definition))
    assert {edge.source for edge in written.graph.edges} <= expected.steps.keys()
    assert {name: frozenset(written.graph.upstream(name)) for name in written.graph.steps} == {
        name: expected.upstream(name) for name in expected.steps
    }
    assert {name: step.step_class for name, step in written.graph.steps.items()} == {
        name: step.type for name, step in Plan.of(definition).steps.items()
    }


def test_what_stands_beside_the_definition_is_kept_too(tmp_path):
    write_folder(PIPELINE, "Harvest", tmp_path / "configs/harvest")

    found = compiled(tmp_path / "configs/harvest")
    assert (found.name, found.role_arn, found.description, found.parallelism, dict(found.tags)) == (
        "Harvest",
        "arn:aws:iam::123456789012:role/Harvester",
        "Reaps: 'what' was #sown",
        4,
        {"team": "012"},
    )


def test_the_files_are_for_people(tmp_path):
    written = write_folder(PIPELINE, "Harvest", tmp_path / "harvest")

    assert (
        (tmp_path / "harvest/conf/conf.yaml").read_text()
        == """\
# The pipeline Harvest, imported from SageMaker in eu-central-1.
# Its definition lies beside this file, and is written to SageMaker as it is.
# Names such as SMP_REGION may be put into it: they get their values when a task runs.
conf:
  sagemakerNetworkSecurity:
    role: arn:aws:iam::123456789012:role/Harvester
  tags:
    team: '012'
  sagemakerPipeline:
    pipelineName: Harvest
    definition: definition.json
    description: 'Reaps: ''what'' was #sown'
    parallelism: 4
"""
    )
    text = (tmp_path / "harvest/conf/definition.json").read_text()
    kept = json.loads(text)
    assert list(kept) == ["Version", "Metadata", "Parameters", "Steps"]
    assert [list(step) for step in kept["Steps"]] == [["Name", "Type", "Arguments"]] * 2
    assert kept["Metadata"] == {"Season": "spring"}
    assert '"ä"' in text
    assert written.files == ("conf/conf.yaml", "conf/definition.json")
    assert written.why_kept == (
        "step grow is of type Tuning",
        "step dry is of type Condition",
        "step mow is of type Lambda",
    )


@pytest.mark.parametrize("kind", ["Processing", "Training", "Transform", "Model", "RegisterModel"])
def test_steps_that_a_conf_knows_but_would_write_otherwise_are_kept(kind, tmp_path):
    steps = [{"Name": "a", "Type": kind, "Arguments": {"RoleArn": "x"}}]
    definition = {"Version": "2020-12-01", "Steps": steps}
    definition["Metadata"] = {SHA256_KEY: digest(definition)}

    written = write_folder(ImportedPipeline(definition), "x", tmp_path / "x", fetch=no_object)

    assert written.why_kept == ("its requests are others than a conf makes",)


def test_what_needs_a_value_is_named(tmp_path):
    definition = {
        **DEFINITION,
        "Steps": [{"Name": "a", "Type": "Lambda", "Arguments": {"X": "SMP_ODD in SMP_REGION"}}],
    }

    assert write_folder(ImportedPipeline(definition), "x", tmp_path / "x").needed == (
        "SMP_REGION",
        "SMP_ACCOUNTID",
        "SMP_S3BUCKETNAME",
        "SMP_ROLE",
        "SMP_ODD",
    )
    assert write_folder(PIPELINE, "Harvest", tmp_path / "y").needed == (
        "SMP_REGION",
        "SMP_ACCOUNTID",
        "SMP_S3BUCKETNAME",
    )


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    write_folder(PIPELINE, "Harvest", tmp_path / "harvest")
    conf = tmp_path / "harvest/conf/conf.yaml"
    conf.write_text("mine")

    with pytest.raises(FolderTakenError, match="is there already; --force overwrites"):
        write_folder(PIPELINE, "Harvest", tmp_path / "harvest")
    assert conf.read_text() == "mine"

    write_folder(PIPELINE, "Harvest", tmp_path / "harvest", force=True)
    assert conf.read_text().startswith("# The pipeline")


def test_other_confs_are_never_mixed_with_it(tmp_path):
    other = tmp_path / "harvest/model/conf/conf.yaml"
    other.parent.mkdir(parents=True)
    other.write_text("conf:")

    with pytest.raises(FolderTakenError, match="has other confs"):
        write_folder(PIPELINE, "Harvest", tmp_path / "harvest", force=True)


def test_what_can_be_no_dag_is_not_written(tmp_path):
    definition = {**DEFINITION, "Parameters": [{"Name": "force_recompile", "Type": "String"}]}

    with pytest.raises(ConfigError) as error:
        write_folder(ImportedPipeline(definition), "x", tmp_path / "x")

    assert error.value.problems[0].path == tmp_path / "x/conf/definition.json"
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_for_all_folders_is_said_at_its_place(tmp_path):
    base = tmp_path / "conf/conf.yaml"
    base.parent.mkdir()
    base.write_text("conf: {s3Bukket: x}\n")

    with pytest.raises(ConfigError) as error:
        write_folder(PIPELINE, "Harvest", tmp_path / "harvest")

    assert error.value.problems[0].path == base


def test_what_the_conf_says_of_parameters_gets_into_the_definition(tmp_path):
    write_folder(PIPELINE, "Harvest", tmp_path / "harvest")
    conf = tmp_path / "harvest/conf/conf.yaml"
    conf.write_text(conf.read_text() + "    parameters: {Rain: {default: 9, description: In litres.}}\n")

    assert compiled(tmp_path / "harvest").definition["Parameters"] == [
        {"Name": "Rain", "Type": "Float", "DefaultValue": 9}
    ]


def test_a_run_without_cache_has_none_in_branches_either(tmp_path):
    cache = {"CacheConfig": {"Enabled": True, "ExpireAfter": "10d"}}
    inner = {"Name": "mow", "Type": "Processing", "Arguments": {}, **cache}
    steps = [
        {"Name": "grow", "Type": "Training", "Arguments": {}, **cache},
        {"Name": "dry", "Type": "Condition", "Arguments": {"Conditions": [], "IfSteps": [inner], "ElseSteps": []}},
    ]
    write_folder(ImportedPipeline({**DEFINITION, "Steps": steps}), "x", tmp_path / "x")
    config = load_folder(tmp_path / "x")

    found = compile_pipeline(config, build_graph(config), TARGET, {}, with_cache=False).definition["Steps"]

    assert not found[0]["CacheConfig"]["Enabled"]
    assert not found[1]["Arguments"]["IfSteps"][0]["CacheConfig"]["Enabled"]
    assert config.definition["Steps"][0]["CacheConfig"]["Enabled"]


def test_a_definition_as_large_as_sagemaker_takes_goes_through_s3(tmp_path):
    steps = [{"Name": f"s{number}", "Type": "Lambda", "Arguments": {"X": "x" * 3000}} for number in range(250)]
    write_folder(ImportedPipeline({**DEFINITION, "Steps": steps}), "x", tmp_path / "x")

    found = compiled(tmp_path / "x")

    assert found.definition_upload is not None
    assert found.uploads == (found.definition_upload,)
