from __future__ import annotations

import copy
from typing import Any

import pytest

from sagemaker_mirror.compiler import check_definition
from sagemaker_mirror.compiler.shapes import check_request, check_value
from tests.unit.compiler.project import compile_conf, conf

INPUT = {"S3Uri": "s3://cellar/a.csv", "S3DataType": "S3Prefix", "LocalPath": "/opt/ml/processing/a"}
REQUEST: dict[str, Any] = {
    "RoleArn": "arn:aws:iam::123456789012:role/Vintner",
    "AppSpecification": {"ImageUri": "image"},
    "ProcessingResources": {
        "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}
    },
    "ProcessingInputs": [{"InputName": "a", "S3Input": INPUT}],
}
NAMES = frozenset({"ProcessingJobName"})


def changed(path, value):
    request = copy.deepcopy(REQUEST)
    place = request
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return request


def findings(request):
    return [str(finding) for finding in check_request("CreateProcessingJob", request, NAMES)]


def test_a_request_that_the_api_takes():
    assert findings(REQUEST) == []


CLUSTER = ("ProcessingResources", "ClusterConfig")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("RoleArn",), 7, "RoleArn: 7 is not a string"),
        (("RoleArn",), "arn", "RoleArn: 3 characters, fewer than the least, 20"),
        (("RoleArn",), "not an arn at all, really", "RoleArn: 'not an arn at all, really' does not match arn:"),
        (("RoleARN",), "x", "RoleARN: is not known; did you mean RoleArn?"),
        (("AppSpecification",), {}, "AppSpecification.ImageUri: is required"),
        (("AppSpecification",), [], "AppSpecification: [] is not an object"),
        (("ProcessingInputs",), {}, "ProcessingInputs: {} is not a list"),
        (("ProcessingInputs",), [{"InputName": "a"}] * 11, "ProcessingInputs: 11 entries, more than the most, 10"),
        (("ProcessingInputs", 0, "S3Input", "S3Uri"), "a.csv", "ProcessingInputs[0].S3Input.S3Uri: 'a.csv' does not"),
        (("ProcessingInputs", 0, "AppManaged"), "no", "ProcessingInputs[0].AppManaged: 'no' is not a boolean"),
        ((*CLUSTER, "InstanceCount"), "2", "InstanceCount: '2' is not an integer"),
        ((*CLUSTER, "InstanceCount"), True, "InstanceCount: True is not an integer"),
        ((*CLUSTER, "InstanceCount"), 0, "InstanceCount: 0, fewer than the least, 1"),
        ((*CLUSTER, "InstanceType"), "ml.m5.2xlarg", "is not known; did you mean ml.m5.2xlarge?"),
        (("Environment",), {"A B": "x"}, "Environment.A B: 'A B' does not match"),
        (("Environment",), {"A": 1}, "Environment.A: 1 is not a string"),
        (("Environment",), [], "Environment: [] is not an object"),
    ],
)
def test_requests_that_the_api_refuses(path, value, message):
    [found] = findings(changed(path, value))

    assert message in found


@pytest.mark.parametrize(
    "value",
    [
        {"Get": "Parameters.X"},
        {"Std:Join": {"On": "/", "Values": ["a", {"Get": "Parameters.X"}]}},
        {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.A.PropertyFiles.B"}, "Path": "x"}},
    ],
)
@pytest.mark.parametrize("path", [("RoleArn",), ("AppSpecification",), ("ProcessingInputs",), CLUSTER])
def test_references_are_of_any_type(path, value):
    assert findings(changed(path, value)) == []


def test_an_instance_type_that_came_after_this_botocore():
    assert findings(changed((*CLUSTER, "InstanceType"), "ml.m99z.2xlarge")) == []


def test_unicode_classes_are_left_to_the_service():
    assert check_value("TagKey", "größe") == ()


def definition(**changes):
    step = {"Name": "A", "Type": "Processing", "Arguments": copy.deepcopy(REQUEST), **changes}
    return {"Version": "2020-12-01", "Steps": [step]}


def problems(wanted):
    return [str(problem) for problem in check_definition(wanted)]


def test_a_definition_that_the_service_takes():
    policy = {"ExceptionType": ["Step.THROTTLING"], "IntervalSeconds": 1, "BackoffRate": 2.0, "MaxAttempts": 3}
    wanted = definition(
        DisplayName="a",
        Description="b",
        CacheConfig={"Enabled": True, "ExpireAfter": "30dT5h"},
        RetryPolicies=[policy],
    )
    wanted["Parameters"] = [{"Name": "X", "Type": "Integer", "DefaultValue": 1, "EnumValues": [1, 2]}]
    wanted["Metadata"] = {}
    wanted["Steps"].append(
        {
            **definition(Name="B")["Steps"][0],
            "DependsOn": ["A", {"Step": "A", "Trigger": "Failed"}],
        }
    )

    assert problems(wanted) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Name": "a b"}, "step 'a b': Name: 'a b' does not match [A-Za-z0-9_-]*"),
        ({"Name": None}, "step '#1': Name: None is not a string"),
        ({"Type": "Lambda"}, "step 'A': Type: 'Lambda' is not known; known are Processing,"),
        ({"Typ": "x"}, "step 'A': Typ: is not known"),
        ({"DependsOn": ["B"]}, "step 'A': DependsOn[0]: there is no step 'B'"),
        ({"DependsOn": ["A"]}, "step 'A': DependsOn[0]: a step can't wait for itself"),
        (
            {"DependsOn": [{"Step": "B", "Trigger": "Failed"}]},
            "step 'A': DependsOn[0]: there is no step 'B'",
        ),
        ({"CacheConfig": {"Enabled": "yes"}}, "CacheConfig.Enabled: 'yes' is not a boolean"),
        ({"CacheConfig": {"Enabled": True}}, "CacheConfig.ExpireAfter: is required"),
        (
            {"CacheConfig": {"Enabled": True, "ExpireAfter": "soon"}},
            "CacheConfig.ExpireAfter: 'soon' does not match",
        ),
        ({"RetryPolicies": [{}]}, "RetryPolicies[0].ExceptionType: is required"),
        (
            {"RetryPolicies": [{"ExceptionType": ["Any"], "MaxAttempts": 1}]},
            "RetryPolicies[0].ExceptionType[0]: 'Any' is not known; known are",
        ),
        (
            {"RetryPolicies": [{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 21}]},
            "RetryPolicies[0].MaxAttempts: 21, more than the most, 20",
        ),
        (
            {"RetryPolicies": [{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 2, "ExpireAfterMin": 5}]},
            "RetryPolicies[0]: has MaxAttempts and ExpireAfterMin; the service takes one",
        ),
        (
            {"PropertyFiles": [{"PropertyFileName": "P", "OutputName": "o", "FilePath": "f"}]},
            "PropertyFiles[0].OutputName: the step has no output 'o'",
        ),
        ({"DisplayName": "d" * 257}, "DisplayName: 257 characters, more than the most, 256"),
    ],
)
def test_steps_that_the_service_refuses(changes, message):
    [found] = problems(definition(**changes))

    assert message in found


def test_names_that_the_pipeline_service_gives():
    wanted = definition()
    wanted["Steps"][0]["Arguments"]["ProcessingJobName"] = "mine"

    assert problems(wanted) == [
        "step 'A': Arguments.ProcessingJobName: is given by the pipeline service, and may not be set"
    ]


def test_two_steps_of_one_name():
    wanted = definition()
    wanted["Steps"] *= 2
    wanted["Steps"][1] = dict(wanted["Steps"][1])

    assert problems(wanted) == ["step 'A': Name: is the name of another step too"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Get": "Steps.B.ModelName"}, "'Steps.B.ModelName' names no step of the pipeline"),
        ({"Get": "Steps.A"}, "'Steps.A' names no step of the pipeline"),
        ({"Get": "Parameters.X"}, "the pipeline has no parameter 'X'"),
        ({"Get": "Execution.Nothing"}, "'Execution.Nothing' names nothing that the service knows"),
        ({"Get": "Something.Else"}, "'Something.Else' names nothing that the service knows"),
        ({"Std:Join": {"Values": []}}, "Std:Join must have On and a list of Values"),
        ({"Std:Join": {"On": "", "Values": [{"Get": "Parameters.X"}]}}, "the pipeline has no parameter 'X'"),
    ],
)
def test_references_to_nothing(value, message):
    wanted = definition()
    wanted["Steps"][0]["Arguments"]["RoleArn"] = value

    [found] = problems(wanted)

    assert found.startswith("step 'A': Arguments.RoleArn")
    assert found.endswith(message)


def test_a_reference_stands_alone():
    wanted = definition()
    wanted["Steps"][0]["Arguments"]["AppSpecification"] |= {"Get": "Execution.PipelineName"}

    assert "step 'A': Arguments.AppSpecification: a reference stands alone in its object" in problems(wanted)


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ({"Name": "X"}, "Parameters[0].Type: is required"),
        ({"Name": "a b", "Type": "String"}, "Parameters[0].Name: 'a b' does not match"),
        ({"Name": "X", "Type": "Text"}, "Parameters[0].Type: 'Text' is not known; known are"),
        ({"Name": "X", "Type": "Integer", "DefaultValue": True}, "Parameters[0]: True is no Integer"),
        ({"Name": "X", "Type": "String", "DefaultValue": "x" * 1025}, "1025 characters, more than the most, 1024"),
        (
            {"Name": "X", "Type": "String", "DefaultValue": "c", "EnumValues": ["a", "b"]},
            "Parameters[0].DefaultValue: is none of EnumValues",
        ),
    ],
)
def test_parameters_that_the_service_refuses(parameter, message):
    wanted = definition()
    wanted["Parameters"] = [parameter]

    assert any(message in problem for problem in problems(wanted))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Version": "2021"}, "Version: '2021' is not known; known are 2020-12-01"),
        ({"Stages": []}, "Stages: is not known"),
        ({"Steps": {}}, "Steps: {} is not a list"),
        ({"Steps": ["A"]}, "step '#1': 'A' is not an object"),
        ({"Steps": [{"Name": "A", "Type": "Model", "Arguments": []}]}, "step 'A': Arguments: [] is not an object"),
        ({"Steps": []}, "Steps: 0 entries, fewer than the least, 1"),
        ({"Parameters": [{"Name": f"P{n}", "Type": "String"} for n in range(201)]}, "more than the most, 200"),
    ],
)
def test_envelopes_that_the_service_refuses(changes, message):
    assert any(message in problem for problem in problems({**definition(), **changes}))


def test_property_files_belong_to_processing_steps(tmp_path):
    wanted = copy.deepcopy(compile_conf(tmp_path, conf()).definition)
    by_name = {step["Name"]: step for step in wanted["Steps"]}
    by_name["Train"]["PropertyFiles"] = by_name["Judge"]["PropertyFiles"]

    assert problems(wanted) == ["step 'Train': PropertyFiles: only processing steps have them"]


def test_only_jobs_can_be_cached(tmp_path):
    wanted = copy.deepcopy(compile_conf(tmp_path, conf()).definition)
    by_name = {step["Name"]: step for step in wanted["Steps"]}
    by_name["Create"]["CacheConfig"] = {"Enabled": False}

    assert problems(wanted) == ["step 'Create': CacheConfig: steps of type Model can't be cached"]
