from __future__ import annotations

import gzip
import io
import json
from typing import Any

import boto3
import numpy as np
import pytest

from sagemaker_mirror.local.jobs import JobOutcome, JobRunner

from .conftest import Bucket, Jobs, archive, channel

LINE = {"TransformInput": {"SplitType": "Line"}, "TransformOutput": {"AssembleWith": "Line"}}

ADDING = """
    class Model:
        def predict(self, rows):
            return rows.sum(axis=-1)

    def model_fn(model_dir):
        return Model()
"""


def adding(more: str = "") -> dict[str, str]:
    """The files of a model that adds up its rows, with other functions beside model_fn."""
    return {"code/inference.py": ADDING + more}


REPEATING = """
    def model_fn(model_dir):
        return None

    def input_fn(body, content_type):
        return body

    def predict_fn(body, model):
        return body

    def output_fn(body, accept):
        return "<" + body + ">"
"""


@pytest.fixture(scope="module")
def trained(endpoint_url: str, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The artifact of a real training job, whose script saves its own code, as it must without repacking."""
    s3 = boto3.client("s3", endpoint_url=endpoint_url)
    bucket = Bucket(s3)
    s3.create_bucket(Bucket=bucket.name)
    runner = JobRunner(lambda name: boto3.client(name, endpoint_url=endpoint_url), tmp_path_factory.mktemp("trained"))
    jobs = Jobs(runner, bucket)
    bucket.put("data/train.csv", "".join(f"{x},{x % 7},{int(x > 50)}\n" for x in range(100)))
    script = """
        import os, shutil
        import joblib, numpy as np
        from sklearn.linear_model import LogisticRegression
        rows = np.loadtxt(os.environ["SM_CHANNEL_TRAIN"] + "/train.csv", delimiter=",")
        joblib.dump(LogisticRegression().fit(rows[:, :2], rows[:, 2]), "/opt/ml/model/model.joblib")
        os.mkdir("/opt/ml/model/code")
        shutil.copy("inference.py", "/opt/ml/model/code/inference.py")
    """
    inference = """
        import os
        import joblib
        def model_fn(model_dir):
            return joblib.load(os.path.join(model_dir, "model.joblib"))
    """
    files = {"train.py": script, "inference.py": inference}
    outcome = jobs.train(files, InputDataConfig=[channel("train", bucket.uri("data/train.csv"))])
    assert outcome.status == "Completed", jobs.lines
    return bucket.get("models/train/output/model.tar.gz")


def test_a_trained_model_predicts(jobs: Jobs, bucket: Bucket, trained: bytes) -> None:
    bucket.put("data/test.csv", "3,1\n99,2\n60,0\n")
    assert jobs.transform(trained, "data/test.csv", **LINE) == JobOutcome("Completed")
    assert bucket.get("predictions/test.csv.out") == b"0.0\n1.0\n1.0\n"


def test_predictions_are_joined_with_their_rows(jobs: Jobs, bucket: Bucket, trained: bytes) -> None:
    bucket.put("data/test.csv", "a,3,1,0\nb,99,2,1\n")
    processing = {"InputFilter": "$[1:3]", "JoinSource": "Input", "OutputFilter": "$[0,3,-1]"}
    assert jobs.transform(trained, "data/", DataProcessing=processing, **LINE).status == "Completed"
    assert bucket.get("predictions/test.csv.out") == b"a,0,0.0\nb,1,1.0\n"


def test_each_object_has_its_own_output(jobs: Jobs, bucket: Bucket) -> None:
    bucket.put("data/a.csv", "1,2\n3,4\n")
    bucket.put("data/deep/b.csv", "5,6\n7,8\n")
    bucket.put("data/empty.csv", "")
    assert jobs.transform(adding(), "data", **LINE).status == "Completed"
    assert bucket.keys("predictions") == [
        "predictions/a.csv.out",
        "predictions/deep/b.csv.out",
        "predictions/empty.csv.out",
    ]
    assert bucket.get("predictions/deep/b.csv.out") == b"11.0\n15.0\n"
    assert bucket.get("predictions/empty.csv.out") == b""


@pytest.mark.parametrize(
    ("strategy", "split", "assemble", "expected"),
    [
        ("MultiRecord", "Line", "Line", b"<1\n2>\n"),
        ("SingleRecord", "Line", "Line", b"<1>\n<2>\n"),
        ("SingleRecord", "Line", "None", b"<1><2>"),
        ("MultiRecord", "None", "None", b"<1\n2\n>"),
    ],
)
def test_strategies(jobs: Jobs, bucket: Bucket, strategy: str, split: str, assemble: str, expected: bytes) -> None:
    bucket.put("data/a.csv", "1\n2\n")
    outcome = jobs.transform(
        {"code/inference.py": REPEATING},
        "data",
        BatchStrategy=strategy,
        TransformInput={"SplitType": split},
        TransformOutput={"AssembleWith": assemble},
    )
    assert outcome.status == "Completed"
    assert bucket.get("predictions/a.csv.out") == expected


def test_json_and_numpy(jobs: Jobs, bucket: Bucket) -> None:
    body = io.BytesIO()
    np.save(body, np.array([[1.0, 2.0], [3.0, 4.0]]))
    bucket.put("data/a.npy", body.getvalue())
    outcome = jobs.transform(
        adding(),
        "data",
        TransformInput={"ContentType": "application/x-npy"},
        TransformOutput={"Accept": "application/json"},
    )
    assert outcome.status == "Completed"
    assert json.loads(bucket.get("predictions/a.npy.out")) == [3.0, 7.0]


def test_json_lines_are_joined(jobs: Jobs, bucket: Bucket) -> None:
    bucket.put("data/a.jsonl", '{"id": 1, "x": [1, 2]}\n{"id": 2, "x": [3, 4]}\n')
    outcome = jobs.transform(
        adding(),
        "data",
        BatchStrategy="SingleRecord",
        DataProcessing={"InputFilter": "$.x", "JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"},
        TransformInput={"SplitType": "Line", "ContentType": "application/json"},
        TransformOutput={"AssembleWith": "Line", "Accept": "application/json"},
    )
    assert outcome.status == "Completed", jobs.lines
    assert (
        bucket.get("predictions/a.jsonl.out") == b'{"id":1,"SageMakerOutput":3.0}\n{"id":2,"SageMakerOutput":7.0}\n'
    )


def test_compressed_objects(jobs: Jobs, bucket: Bucket) -> None:
    bucket.put("data/a.csv.gz", gzip.compress(b"1,2\n3,4\n"))
    outcome = jobs.transform(adding(), "data", TransformInput={"CompressionType": "Gzip", "SplitType": "Line"})
    assert outcome.status == "Completed"
    assert bucket.get("predictions/a.csv.gz.out") == b"3.0\n7.0\n"


def test_variables_of_the_model_and_of_the_job(jobs: Jobs, bucket: Bucket) -> None:
    bucket.put("data/a.csv", "x")
    code = """
        import json, os, sys
        def model_fn(model_dir):
            return None
        def transform_fn(model, body, content_type, accept):
            return json.dumps([dict(os.environ), sys.path, os.path.samefile(".", "/opt/ml/model/code")])
    """
    outcome = jobs.transform(
        {"code/inference.py": code},
        "data",
        job_name="variables",
        ModelEnvironment={"A": "model", "B": "model"},
        Environment={"B": "job"},
        MaxPayloadInMB=1,
    )
    assert outcome.status == "Completed"
    variables, path, is_at_home = json.loads(bucket.get("predictions/a.csv.out"))
    assert (variables["A"], variables["B"]) == ("model", "job")
    assert variables["SAGEMAKER_BATCH"] == "true"
    assert variables["SAGEMAKER_MAX_PAYLOAD_IN_MB"] == "1"
    assert variables["TRANSFORM_JOB_ARN"] == "arn:aws:sagemaker:us-east-1:123456789012:transform-job/variables"
    assert path[0] == "/opt/ml/model/code"
    assert is_at_home
    assert not [folder for folder in path if folder.endswith("local/jobs")]


def test_programs_may_lie_in_folders_and_in_s3(jobs: Jobs, bucket: Bucket) -> None:
    bucket.put("data/a.csv", "1,2\n3,4\n")
    source = bucket.put("source.tar.gz", archive({"serve/inference.py": ADDING}))
    variables = {"SAGEMAKER_PROGRAM": "serve.inference", "SAGEMAKER_SUBMIT_DIRECTORY": source}
    assert jobs.transform({"model.txt": ""}, "data", ModelEnvironment=variables).status == "Completed"
    assert bucket.get("predictions/a.csv.out") == b"3.0\n7.0\n"


def failing(function: str, body: str) -> str:
    return f"\n    def {function}:\n        {body}\n"


@pytest.mark.parametrize(
    ("model", "fields", "reason"),
    [
        (
            {"model.txt": ""},
            {},
            "failed to respond to ping: SAGEMAKER_PROGRAM 'inference' isn't in /opt/ml/model/code",
        ),
        ({"code/inference.py": "x = 1"}, {}, "failed to respond to ping: AttributeError: inference has no model_fn"),
        (
            {"code/inference.py": "import nowhere"},
            {},
            "failed to respond to ping: ModuleNotFoundError: No module named",
        ),
        ({"code/inference.py": "raise SystemExit(3)"}, {}, "failed to respond to ping: SystemExit: 3"),
        ({"code/inference.py": "import os; os._exit(3)"}, {}, "Model container has ended"),
        (adding(), {"ModelEnvironment": {"SAGEMAKER_PROGRAM": ""}}, "SAGEMAKER_PROGRAM isn't set"),
        (
            adding(failing("predict_fn(data, model)", "raise ValueError('bad row')")),
            {},
            "Bad HTTP status received from algorithm: 500: ValueError: bad row",
        ),
        (adding(failing("predict_fn(data, model)", "import os; os._exit(3)")), {}, "Model container has ended"),
        (
            adding(failing("predict_fn(data, model)", "import signal; signal.pause()")),
            {"ModelClientConfig": {"InvocationsTimeoutInSeconds": 1}},
            "Model container didn't answer in time",
        ),
    ],
)
def test_what_the_model_gets_wrong_is_an_algorithm_error(
    jobs: Jobs, bucket: Bucket, model: dict[str, str], fields: dict[str, Any], reason: str
) -> None:
    bucket.put("data/a.csv", "1,2\n3,4\n")
    outcome = jobs.transform(model, "data", **fields)
    assert outcome.status == "Failed"
    assert str(outcome.failure_reason).startswith("AlgorithmError: ")
    assert reason in str(outcome.failure_reason)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"TransformInput": {"SplitType": "RecordIO"}}, "doesn't support SplitType RecordIO"),
        ({"TransformInput": {"ContentType": "image/png"}}, "415: "),
        ({"TransformInput": {"CompressionType": "Gzip"}}, "isn't gzip"),
        ({"DataProcessing": {"InputFilter": "$..x"}}, "Invalid JsonPath"),
        ({"TransformOutput": {"S3OutputPath": "s3://no-such-bucket-here/x"}}, "Failed to upload"),
    ],
)
def test_what_the_request_gets_wrong_is_the_clients_error(
    jobs: Jobs, bucket: Bucket, fields: dict[str, Any], reason: str
) -> None:
    bucket.put("data/a.csv", "1,2\n3,4\n")
    outcome = jobs.transform(adding(), "data", **fields)
    assert outcome.status == "Failed"
    assert str(outcome.failure_reason).startswith("ClientError: ")
    assert reason in str(outcome.failure_reason)


def test_missing_inputs_and_models_are_the_clients_error(jobs: Jobs, bucket: Bucket) -> None:
    assert "No S3 objects found" in str(jobs.transform(adding(), "nothing").failure_reason)
    bucket.put("data/a.csv", "1,2\n")
    assert "isn't a tar archive" in str(jobs.transform(b"no archive", "data").failure_reason)
    request = {
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": bucket.uri("data")}}},
        "TransformOutput": {"S3OutputPath": bucket.uri("out")},
    }
    for model in (
        {"PrimaryContainer": {"Image": "i", "ModelDataUrl": bucket.uri("absent.tar.gz")}},
        {"Containers": [{"Image": "i"}, {"Image": "j"}]},
    ):
        outcome = jobs.runner.run_transform(request, model=model, job_name="t", stop=jobs.stop, log=jobs.log)
        assert str(outcome.failure_reason).startswith("ClientError: ")


def test_requirements_of_a_model_are_installed(jobs: Jobs, bucket: Bucket) -> None:
    bucket.put("data/a.csv", "1,2\n3,4\n")
    model = {**adding(), "code/requirements.txt": "numpy\n"}
    assert jobs.transform(model, "data").status == "Completed"
    assert any("already satisfied: numpy" in line for line in jobs.lines)


def test_a_job_is_stopped_while_the_model_predicts(jobs: Jobs, bucket: Bucket) -> None:
    bucket.put("data/a.csv", "1,2\n3,4\n")
    jobs.when["predicting"] = jobs.stop
    code = failing("predict_fn(data, model)", "import signal; print('predicting'); signal.pause()")
    assert jobs.transform(adding(code), "data") == JobOutcome("Stopped")
    assert bucket.keys("predictions") == []
