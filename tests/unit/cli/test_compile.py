"""The definition on the standard output, as the operators would write it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sagemaker_mirror.compiler import Target, compile_pipeline
from sagemaker_mirror.config import load_folder
from sagemaker_mirror.graph import build_graph

from .conftest import VALUES

FOLDER = "configs/digits-pca-classifier"


def test_the_output_is_the_definition_and_nothing_else(call, here):
    result = call("compile", FOLDER)

    config = load_folder(here / FOLDER).resolve(VALUES)
    compiled = compile_pipeline(config, build_graph(config), Target.from_values(VALUES), VALUES)
    assert result.code == 0
    assert result.out == compiled.definition_json + "\n"
    assert all(": warning: " in line for line in result.err.splitlines())


def test_a_file_gets_it_instead(call, here):
    expected = call("compile", FOLDER).out
    result = call("compile", FOLDER, "-o", "definition.json")

    assert (result.code, result.out) == (0, "")
    assert (here / "definition.json").read_text() == expected


def test_a_file_that_cannot_be_written_is_named(call):
    result = call("compile", FOLDER, "-o", "nowhere/definition.json")

    assert result.code == 1
    assert result.err.endswith("sagemaker-mirror: nowhere/definition.json: No such file or directory\n")


def test_given_values_go_before_the_environment(call):
    result = call("compile", FOLDER, "--value", "SMP_S3BUCKETNAME=other-cellar", "--value", "SMP_REGION=eu-west-1")

    assert "other-cellar" in result.out
    assert '"cellar"' not in result.out
    assert json.loads(result.out)["Version"] == "2020-12-01"


def test_missing_values_are_named_with_the_place_they_are_needed_at(call, monkeypatch):
    monkeypatch.delenv("SMP_S3BUCKETNAME")
    result = call("compile", FOLDER)

    assert (result.code, result.out) == (1, "")
    assert "conf/conf.yaml:" in result.err
    assert "SMP_S3BUCKETNAME has no value" in result.err


@pytest.mark.parametrize("argument", ["SMP_REGION", "=us-east-1"])
def test_a_value_without_name_or_value_is_a_wrong_call(call, argument):
    result = call("compile", FOLDER, "--value", argument)

    assert result.code == 1
    assert "must be NAME=VALUE" in result.err


def test_a_broken_conf_is_shown_without_traceback(call, here):
    (here / FOLDER / "classifier/conf/conf.yaml").write_text("conf:\n\tmodels: {}\n")
    result = call("compile", FOLDER)

    assert (result.code, result.out) == (1, "")
    assert f"{FOLDER}/classifier/conf/conf.yaml:2:1: " in result.err
    assert "Traceback" not in result.err


def test_compiling_needs_neither_airflow_nor_boto3(here):
    program = (
        "import sys; from sagemaker_mirror.cli import main; code = main(sys.argv[1:]);"
        "print(sorted({'airflow', 'boto3', 'moto', 'pandas'} & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "compile", FOLDER], capture_output=True, text=True, check=True
    )

    assert done.stderr.splitlines()[-1] == "[]"


def test_a_reader_that_goes_away_is_no_error_to_talk_about(here):
    # More than a pipe holds, so that writing meets the closed end.
    command = f"{sys.executable} -m sagemaker_mirror.cli schema"
    done = subprocess.run(["bash", "-c", f"{command} | true"], capture_output=True, text=True, check=False)

    assert done.stderr == ""
