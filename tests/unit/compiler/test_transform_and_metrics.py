from __future__ import annotations

import pytest

from tests.unit.compiler.project import (
    GUARDED,
    arguments_of,
    compile_conf,
    conf,
    execution_uri,
    messages_of,
    s3_input,
    step_of,
    steps_of,
)

FOLDER = "/opt/ml/processing/input"
PREPARED = {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}


def test_a_chained_transform(tmp_path):
    compiled = compile_conf(tmp_path, conf())

    assert steps_of(compiled)["Score"] == {
        "Name": "Score",
        "Type": "Transform",
        "CacheConfig": {"Enabled": False, "ExpireAfter": "10d"},
        "Arguments": {
            "ModelName": {"Get": "Steps.Create.ModelName"},
            "TransformInput": {
                "ContentType": "text/csv",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": {"Std:Join": {"On": "/", "Values": [PREPARED, "test/rows.csv"]}},
                    }
                },
            },
            "TransformOutput": {"Accept": "text/csv", "S3OutputPath": execution_uri("Score")},
            "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.2xlarge"},
        },
    }


def test_a_chained_transform_without_a_prefix_reads_the_whole_folder(tmp_path):
    wanted = conf()
    del step_of(wanted, "Score")["chain_input_additional_prefix"]

    source = arguments_of(compile_conf(tmp_path, wanted), "Score")["TransformInput"]["DataSource"]

    assert source["S3DataSource"]["S3Uri"] == {"Std:Join": {"On": "/", "Values": [PREPARED, ""]}}


def static(channel):
    wanted = conf()
    step = step_of(wanted, "Score")
    del step["chain_input_source_step"], step["chain_input_additional_prefix"]
    wanted["models"]["red"]["transform"]["channels"] = {"test": channel}
    return wanted


def test_a_static_transform(tmp_path):
    file = {"sourceName": "rows", "fileName": "s3://cellar/rows.csv"}
    wanted = static({"s3BucketName": "scores", "inputBucketPrefix": "red/", "dataFiles": [file]})

    arguments = arguments_of(compile_conf(tmp_path, wanted), "Score")

    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://cellar/rows.csv"}
    assert arguments["TransformInput"]["DataSource"] == {"S3DataSource": source}
    assert arguments["TransformOutput"]["S3OutputPath"] == execution_uri("Score", bucket="scores", prefix=("red",))


def test_a_static_transform_stages_a_local_file_where_the_channel_says(tmp_path):
    wanted = static({"s3BucketName": "scores", "inputBucketPrefix": "red", "dataFiles": [{"fileName": "rows.csv"}]})

    compiled = compile_conf(tmp_path, wanted, {"rows.csv": "1,2\n"})

    [upload] = [upload for upload in compiled.uploads if upload.key.endswith("rows.csv")]
    source = arguments_of(compiled, "Score")["TransformInput"]["DataSource"]["S3DataSource"]
    assert source["S3Uri"] == upload.uri == f"s3://scores/red/wine/data/{upload.sha256}/rows.csv"


@pytest.mark.parametrize("files", [0, 2])
def test_a_static_transform_reads_one_file(tmp_path, files):
    wanted = static({"dataFiles": [{"fileName": f"s3://cellar/{number}.csv"} for number in range(files)]})

    assert messages_of(tmp_path, wanted) == [
        f"a Transform step reads one file or prefix; there are {files}, and no chained step"
    ]


def test_a_transform_has_one_channel(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["transform"]["channels"] = {"train": None, "test": None}

    assert messages_of(tmp_path, wanted) == ["a Transform step has one channel; there are train, test"]


def test_every_key_of_a_transform_reaches_the_request(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["transform"] |= {
        "instance_count": 2,
        "instance_type": "ml.c5.xlarge",
        "strategy": "MultiRecord",
        "assemble_with": "Line",
        "join_source": "Input",
        "split_type": "Line",
        "content_type": "application/jsonlines",
        "max_payload": 6,
        "input_filter": "$[1:]",
        "output_filter": "$.score",
        "tags": {"cost": "7"},
        "env": {"WORKERS": 2},
    }

    arguments = arguments_of(compile_conf(tmp_path, wanted, target=GUARDED), "Score")

    assert arguments["TransformResources"] == {
        "InstanceCount": 2,
        "InstanceType": "ml.c5.xlarge",
        "VolumeKmsKeyId": GUARDED.kms_key,
    }
    assert arguments["TransformInput"]["SplitType"] == "Line"
    assert arguments["TransformInput"]["ContentType"] == "application/jsonlines"
    assert arguments["TransformOutput"] == {
        "Accept": "application/jsonlines",
        "AssembleWith": "Line",
        "KmsKeyId": GUARDED.kms_key,
        "S3OutputPath": execution_uri("Score"),
    }
    assert arguments["DataProcessing"] == {
        "InputFilter": "$[1:]",
        "OutputFilter": "$.score",
        "JoinSource": "Input",
    }
    assert (arguments["BatchStrategy"], arguments["MaxPayloadInMB"]) == ("MultiRecord", 6)
    assert arguments["Environment"] == {"WORKERS": "2"}
    assert arguments["Tags"] == [{"Key": "cost", "Value": "7"}]


def test_a_transform_takes_the_last_model_above_it(tmp_path):
    wanted = conf()
    steps = wanted["sagemakerPipeline"]["models"]["red"]["steps"]
    steps.insert(3, {"step_name": "CreateAgain", "step_class": "CreateModel"})

    arguments = arguments_of(compile_conf(tmp_path, wanted), "Score")

    assert arguments["ModelName"] == {"Get": "Steps.CreateAgain.ModelName"}


def test_metrics(tmp_path):
    step = steps_of(compile_conf(tmp_path, conf()))["Judge"]

    assert step["Type"] == "Processing"
    assert step["PropertyFiles"] == [
        {
            "PropertyFileName": "EvaluationReport",
            "OutputName": "model_evaluation_metrics",
            "FilePath": "model_evaluation_metrics.json",
        }
    ]
    assert step["Arguments"]["ProcessingInputs"][:2] == [
        s3_input("Prepare-input", PREPARED, f"{FOLDER}/Prepare-train"),
        s3_input("Score-input", {"Get": "Steps.Score.TransformOutput.S3OutputPath"}, f"{FOLDER}/Score-train"),
    ]
    assert step["Arguments"]["ProcessingOutputConfig"]["Outputs"] == [
        {
            "OutputName": "model_evaluation_metrics",
            "AppManaged": False,
            "S3Output": {
                "S3Uri": execution_uri("Judge", "output", "model_evaluation_metrics"),
                "LocalPath": "/opt/ml/processing/output/",
                "S3UploadMode": "EndOfJob",
            },
        }
    ]
    assert step["Arguments"]["ProcessingResources"]["ClusterConfig"]["VolumeSizeInGB"] == 50
    assert step["Arguments"]["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}


def test_metrics_of_a_channel_with_files_and_places(tmp_path):
    wanted = conf()
    step_of(wanted, "Judge")["chain_input_source_step"] = ["Score"]
    wanted["models"]["red"]["evaluate"] |= {
        "s3_data_distribution_type": "ShardedByS3Key",
        "channels": {
            "test": {
                "s3BucketName": "reports",
                "bucket_prefix": "2026/red",
                "InputLocalFilepath": "/opt/ml/processing/truth",
                "OuputLocalFilepath": "/opt/ml/processing/report",
                "dataFiles": [
                    {"sourceName": "y", "fileName": "s3://cellar/y.csv"},
                    {"sourceName": "z", "fileName": "s3://cellar/z.csv"},
                ],
            }
        },
    }

    arguments = arguments_of(compile_conf(tmp_path, wanted), "Judge")

    sharded = {"S3DataDistributionType": "ShardedByS3Key"}
    assert arguments["ProcessingInputs"][:3] == [
        s3_input("y", "s3://cellar/y.csv", "/opt/ml/processing/truth/y", **sharded),
        s3_input("z", "s3://cellar/z.csv", "/opt/ml/processing/truth/z", **sharded),
        s3_input(
            "Score-input",
            {"Get": "Steps.Score.TransformOutput.S3OutputPath"},
            "/opt/ml/processing/truth/Score-test",
        ),
    ]
    [output] = arguments["ProcessingOutputConfig"]["Outputs"]
    assert output["S3Output"]["LocalPath"] == "/opt/ml/processing/report"
    assert output["S3Output"]["S3Uri"] == execution_uri(
        "Judge", "output", "model_evaluation_metrics", bucket="reports", prefix=("2026/red",)
    )


def test_metrics_choose_the_output_of_their_own_channel(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["prepare"]["channels"] = {"train": None, "test": None}
    wanted["models"]["red"]["evaluate"]["channels"] = "test"

    [first, *_] = arguments_of(compile_conf(tmp_path, wanted), "Judge")["ProcessingInputs"]

    uri = {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['test'].S3Output.S3Uri"}
    assert first == s3_input("Prepare-input", uri, f"{FOLDER}/Prepare-test")


def test_an_output_that_the_source_does_not_have(tmp_path):
    wanted = conf()
    wanted["models"]["red"]["evaluate"]["channels"] = "tset"

    assert messages_of(tmp_path, wanted) == [
        "the step 'Prepare' has no output 'tset'; it has 'train': name one of them under channels"
    ]
