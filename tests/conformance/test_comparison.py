"""The comparison itself: it finds what differs, and lets through only what is listed."""

from __future__ import annotations

import copy
import subprocess
from typing import Any

import pytest

from tests.conformance import sdk_process
from tests.conformance.comparison import Comparison, Found
from tests.conformance.difference import Difference, gone, unlisted

DEFINITION: dict[str, Any] = {
    "Version": "2020-12-01",
    "Steps": [
        {
            "Name": "press",
            "Type": "Processing",
            "Arguments": {
                "ProcessingInputs": [
                    {"InputName": "apples", "S3Uri": f"s3://juice/code/{'0a' * 32}/sourcedir.tar.gz"},
                    {"InputName": "pears", "S3Uri": {"Get": "Steps.pick.Uri"}},
                ]
            },
            "DependsOn": ["pick", "wash"],
        },
        {"Name": "serve", "Type": "Model", "Arguments": {"Image": "bottle"}},
    ],
}
CLASSES = {"press": "Processing", "serve": "CreateModel"}


def found(change: Any) -> set[Found]:
    """What differs when the other side's definition is changed."""
    theirs = copy.deepcopy(DEFINITION)
    change(theirs, *theirs["Steps"])
    return set(Comparison(DEFINITION, theirs, CLASSES, {"juice": "BUCKET"}).found)


def test_equal_definitions_have_no_differences():
    assert found(lambda definition, press, serve: None) == set()


def test_order_of_inputs_and_of_steps_to_wait_for_means_nothing():
    def change(definition, press, serve):
        press["Arguments"]["ProcessingInputs"].reverse()
        press["DependsOn"].reverse()

    assert found(change) == set()


def test_hashes_of_contents_mean_nothing_but_the_rest_of_the_address_does():
    def other_hash(definition, press, serve):
        press["Arguments"]["ProcessingInputs"][0]["S3Uri"] = f"s3://juice/code/{'1b' * 32}/sourcedir.tar.gz"

    def other_place(definition, press, serve):
        press["Arguments"]["ProcessingInputs"][0]["S3Uri"] = f"s3://juice/{'0a' * 32}/press/sourcedir.tar.gz"

    where = "Processing.Arguments.ProcessingInputs[apples].S3Uri"
    assert found(other_hash) == set()
    assert found(other_place) == {
        Found(where, "s3://BUCKET/code/HASH/sourcedir.tar.gz", "s3://BUCKET/HASH/STEP/sourcedir.tar.gz")
    }


def test_a_step_that_one_side_lacks_is_a_difference():
    assert found(lambda definition, press, serve: definition["Steps"].remove(press)) == {
        Found("Processing", "Processing", "absent")
    }


def test_a_reference_and_a_text_that_reads_like_it_differ():
    def change(definition, press, serve):
        press["Arguments"]["ProcessingInputs"][1]["S3Uri"] = "{Steps.pick.Uri}"

    assert len(found(change)) == 1


@pytest.mark.parametrize(
    ("theirs", "listed"),
    [("serve-CreateModel", True), ("press-CreateModel", False), ("serve-CreateModel-0", False)],
)
def test_a_star_is_the_same_text_on_both_sides(theirs, listed):
    difference = Difference("CreateModel.Name", "*", "*-CreateModel", "endings")

    assert difference.covers(Found("CreateModel.Name", "serve", theirs)) is listed


def test_dots_are_any_text_in_one_value():
    difference = Difference("Training.….S3Uri", "…", "absent", "any")

    assert difference.covers(Found("Training.Arguments.S3Uri", "s3://juice", "absent"))
    assert not difference.covers(Found("Training.Arguments.S3Uri", "s3://juice", "s3://juice/absent"))
    assert not difference.covers(Found("Transform.Arguments.S3Uri", "s3://juice", "absent"))


def test_what_is_not_listed_and_what_is_gone_are_told():
    listed = Difference("CreateModel.Arguments.Image", "bottle", "barrel", "taste")
    known, new = Found(listed.where, "bottle", "barrel"), Found(listed.where, "bottle", "cup")

    assert unlisted({known, new}, [listed]) == [new]
    assert gone({new}, [listed]) == [listed]
    assert gone({known}, [listed]) == []


@pytest.mark.skipif(not sdk_process.installed(), reason="the SageMaker SDK is not set up")
def test_the_other_side_has_nothing_of_ours():
    command = [str(sdk_process.PYTHON), "-c", "import sagemaker_mirror"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert "No module named 'sagemaker_mirror'" in done.stderr
