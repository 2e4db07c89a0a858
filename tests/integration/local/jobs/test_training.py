from __future__ import annotations

import json

import pytest

from sagemaker_mirror.local.jobs import JobOutcome

from .conftest import Bucket, Jobs, archive, channel

FLOWERS = "".join(f"{x},{x % 7},{int(x > 50)}\n" for x in range(100))

CLASSIFIER = """
    import argparse, json, os, pathlib
    import joblib
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from columns import LABEL

    parser = argparse.ArgumentParser()
    parser.add_argument("--strength", type=float)
    parser.add_argument("--penalty-note", dest="note")
    parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
    parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
    arguments = parser.parse_args()

    rows = np.loadtxt(pathlib.Path(arguments.train, "flowers.csv"), delimiter=",")
    model = LogisticRegression(C=arguments.strength).fit(rows[:, :LABEL], rows[:, LABEL])
    joblib.dump(model, pathlib.Path(arguments.model_dir, "model.joblib"))
    report = {"accuracy": model.score(rows[:, :LABEL], rows[:, LABEL]), "note": arguments.note}
    pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "report.json").write_text(json.dumps(report))
    print("C:", model.C)
"""


def test_a_model_is_trained(jobs: Jobs, bucket: Bucket) -> None:
    uri = bucket.put("data/train/flowers.csv", FLOWERS)
    outcome = jobs.train(
        {"train.py": CLASSIFIER, "columns.py": "LABEL = 2\n"},
        job_name="flowers",
        HyperParameters={"strength": "0.5", "penalty-note": '"two words"'},
        InputDataConfig=[channel("train", uri, ContentType="text/csv")],
    )
    assert outcome == JobOutcome("Completed", model_artifacts=bucket.uri("models/flowers/output/model.tar.gz"))
    assert jobs.lines[-1] == "C: 0.5"
    assert "model.joblib" in bucket.members("models/flowers/output/model.tar.gz")
    report = json.loads(bucket.members("models/flowers/output/output.tar.gz")["report.json"])
    assert report["accuracy"] > 0.9
    assert report["note"] == "two words"


def test_configuration_and_variables(jobs: Jobs, bucket: Bucket) -> None:
    bucket.put("data/train/a.csv", "1")
    outcome = jobs.train(
        {
            "train.py": """
                import json, os, pathlib, sys
                config = pathlib.Path("/opt/ml/input/config")
                print(json.dumps([json.loads(file.read_text()) for file in sorted(config.iterdir())]))
                print(json.dumps(dict(os.environ)))
                is_at_home = os.path.samefile(".", "/opt/ml/code")
                print(json.dumps([is_at_home, sys.argv, os.listdir("/opt/ml/input/data/train")]))
            """
        },
        job_name="configured",
        Environment={"GREETING": "hello"},
        InputDataConfig=[channel("train", bucket.uri("data/train"))],
        HyperParameters={"depth": "3"},
    )
    assert outcome.status == "Completed"
    (hyperparameters, channels, resources), variables, seen = map(json.loads, jobs.lines[2:5])
    assert hyperparameters["depth"] == "3"
    assert channels["train"]["TrainingInputMode"] == "File"
    assert resources["current_host"] == "algo-1"
    assert variables["TRAINING_JOB_NAME"] == "configured"
    assert variables["TRAINING_JOB_ARN"] == "arn:aws:sagemaker:us-east-1:123456789012:training-job/configured"
    assert variables["SM_HP_DEPTH"] == "3"
    assert variables["GREETING"] == "hello"
    assert seen == [True, ["train.py", "--depth", "3"], ["a.csv"]]


def test_a_script_that_fails_is_told_as_the_toolkit_does(jobs: Jobs, bucket: Bucket) -> None:
    script = """
        import pathlib
        pathlib.Path("/opt/ml/output/data/half.txt").write_text("x")
        raise ValueError("no column named " + "age")
    """
    outcome = jobs.train({"train.py": script}, job_name="failing", HyperParameters={"depth": "3"})
    assert outcome.status == "Failed"
    assert outcome.model_artifacts is None
    assert outcome.failure_reason is not None
    assert outcome.failure_reason.startswith('AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage "')
    assert "ValueError: no column named age" in outcome.failure_reason
    assert outcome.failure_reason.endswith('Command "python train.py --depth 3", exit code: 1')
    assert bucket.keys("models") == ["models/failing/output/output.tar.gz"]


def test_a_failure_file_is_the_reason(jobs: Jobs) -> None:
    script = 'open("/opt/ml/output/failure", "w").write("x" * 5000 + " diverged"); raise SystemExit(3)'
    outcome = jobs.train({"train.py": script})
    assert outcome.failure_reason is not None
    assert len(outcome.failure_reason) == 1024
    assert outcome.failure_reason.endswith("xx diverged, exit code: 3")


def test_a_job_that_saves_nothing_has_no_object(jobs: Jobs, bucket: Bucket) -> None:
    outcome = jobs.train({"train.py": "pass"})
    assert outcome == JobOutcome("Completed", model_artifacts=bucket.uri("models/train/output/model.tar.gz"))
    assert bucket.keys("models") == []
    assert jobs.lines[-1] == "No model artifact is saved under path /opt/ml/model."


def test_a_stopped_job_keeps_what_it_saves(jobs: Jobs, bucket: Bucket) -> None:
    jobs.when["training"] = jobs.stop
    script = """
        import signal, sys
        def save(*_):
            open("/opt/ml/model/half", "w").write("x")
            sys.exit()
        signal.signal(signal.SIGTERM, save)
        print("training")
        signal.pause()
    """
    outcome = jobs.train({"train.py": script})
    assert outcome == JobOutcome("Stopped", model_artifacts=bucket.uri("models/train/output/model.tar.gz"))
    assert bucket.members("models/train/output/model.tar.gz") == {"half": b"x"}


def test_a_job_has_its_maximum_runtime(jobs: Jobs) -> None:
    outcome = jobs.train({"train.py": "import signal; signal.pause()"}, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert (outcome.status, outcome.secondary_status) == ("Stopped", "MaxRuntimeExceeded")


PACKAGE = {
    "only_here.py": "answer = 42\n",
    "backend.py": """
        import zipfile
        def build_wheel(directory, *_):
            name = "only_here-1-py3-none-any.whl"
            with zipfile.ZipFile(f"{directory}/{name}", "w") as wheel:
                wheel.write("only_here.py")
                for file, text in {
                    "METADATA": "Metadata-Version: 2.1\\nName: only_here\\nVersion: 1\\n",
                    "WHEEL": "Wheel-Version: 1.0\\nTag: py3-none-any\\n",
                    "RECORD": "",
                }.items():
                    wheel.writestr(f"only_here-1.dist-info/{file}", text)
            return name
    """,
    "pyproject.toml": """
        [build-system]
        requires = []
        build-backend = "backend"
        backend-path = ["."]
    """,
}


def test_requirements_are_installed(jobs: Jobs) -> None:
    files = {f"vendor/{name}": text for name, text in PACKAGE.items()}
    script = "import only_here, sklearn; print(only_here.answer)"
    outcome = jobs.train({"train.py": script, "requirements.txt": "./vendor\nscikit-learn\n", **files})
    assert outcome.status == "Completed"
    assert "42" in jobs.lines
    assert any("already satisfied: scikit-learn" in line for line in jobs.lines)
    with pytest.raises(ImportError):
        __import__("only_here")


def test_requirements_that_cannot_be_had_fail_the_job(jobs: Jobs) -> None:
    files = {"train.py": "print('ran')", "requirements.txt": "--no-index\nno-such-package-at-all\n"}
    outcome = jobs.train(files)
    assert outcome.status == "Failed"
    assert str(outcome.failure_reason).startswith("AlgorithmError: InstallRequirementsError: ")
    assert "ran" not in jobs.lines


def test_a_setup_py_makes_the_program_a_module(jobs: Jobs) -> None:
    outcome = jobs.train({"train.py": "import only_here; print(__spec__.name)", "setup.py": "", **PACKAGE})
    assert outcome.status == "Completed"
    assert any(line.endswith("python -m train") for line in jobs.lines)
    assert "train" in jobs.lines


def test_a_program_may_be_a_shell_script(jobs: Jobs) -> None:
    files = {"run.sh": '#!/bin/bash\necho "$@" $SM_HP_DEPTH\n'}
    outcome = jobs.train(files, HyperParameters={"sagemaker_program": '"run.sh"', "depth": "3"})
    assert outcome.status == "Completed"
    assert "--depth 3 3" in jobs.lines


def test_an_entry_point_of_the_container_comes_first(jobs: Jobs, bucket: Bucket) -> None:
    bucket.put("code/run.sh", 'echo "$@"; exit 4')
    outcome = jobs.train(
        {},
        AlgorithmSpecification={
            "TrainingImage": "image",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/sh", "/opt/ml/input/data/code/run.sh"],
            "ContainerArguments": ["a", "b c"],
        },
        InputDataConfig=[channel("code", bucket.uri("code/run.sh"))],
    )
    assert outcome.failure_reason == "AlgorithmError: , exit code: 4"
    assert "a b c" in jobs.lines


def test_the_environment_can_name_the_program(jobs: Jobs, bucket: Bucket) -> None:
    source = bucket.put("other.tar.gz", archive({"other.py": "print('other')"}))
    variables = {"SAGEMAKER_PROGRAM": "other.py", "SAGEMAKER_SUBMIT_DIRECTORY": source}
    assert jobs.train({"train.py": "print('train')"}, Environment=variables).status == "Completed"
    assert "other" in jobs.lines


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"HyperParameters": {"sagemaker_program": '""'}}, "name a script in the hyperparameter sagemaker_program"),
        ({"HyperParameters": {"sagemaker_program": '"absent.py"'}}, "The program 'absent.py' isn't in s3://"),
        ({"HyperParameters": {"sagemaker_submit_directory": '"s3://no-such-bucket-here/x"'}}, "Failed to download"),
        ({"InputDataConfig": [channel("train", "s3://no-such-bucket-here/x")]}, "Failed to list"),
        ({"InputDataConfig": [channel("train", "s3://b/x", InputMode="Pipe")]}, "Channel 'train': only files in S3"),
        ({"InputDataConfig": [channel("train", "s3://b/x", CompressionType="Gzip")]}, "Channel 'train': only files"),
        ({"InputDataConfig": [{"ChannelName": "fs", "DataSource": {"FileSystemDataSource": {}}}]}, "Channel 'fs'"),
    ],
)
def test_what_cannot_be_had_is_the_clients_error(jobs: Jobs, fields: dict, message: str) -> None:
    outcome = jobs.train({"train.py": "print('ran')"}, **fields)
    assert outcome.status == "Failed"
    assert str(outcome.failure_reason).startswith("ClientError: ")
    assert message in str(outcome.failure_reason)
    assert "ran" not in jobs.lines


def test_an_archive_that_is_none_is_told(jobs: Jobs, bucket: Bucket) -> None:
    uri = bucket.put("broken.tar.gz", "no archive")
    outcome = jobs.train({}, HyperParameters={"sagemaker_submit_directory": json.dumps(uri)})
    assert f"ClientError: {uri} isn't a tar archive" in str(outcome.failure_reason)


def test_checkpoints_go_down_and_up(jobs: Jobs, bucket: Bucket) -> None:
    bucket.put("checkpoints/run/1", "one")
    script = """
        import pathlib
        folder = pathlib.Path("/opt/ml/checkpoints")
        print(folder.joinpath("1").read_text())
        folder.joinpath("2").write_text("two")
        raise SystemExit(1)
    """
    jobs.train({"train.py": script}, CheckpointConfig={"S3Uri": bucket.uri("checkpoints/run")})
    assert "one" in jobs.lines
    assert bucket.get("checkpoints/run/2") == b"two"
