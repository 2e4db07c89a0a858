from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from sagemaker_mirror.local.jobs import JobOutcome

from .conftest import ROLE, Bucket, Jobs, archive, s3_input, s3_output


def test_a_script_as_the_compiler_ships_it(jobs: Jobs, bucket: Bucket) -> None:
    code = bucket.put(
        "code/sourcedir.tar.gz",
        archive(
            {
                "scripts/split.py": """
                    import csv, pathlib, sys
                    from scripts.columns import LABEL
                    rows = list(csv.reader(open("/opt/ml/processing/input/raw/flowers.csv")))
                    out = pathlib.Path("/opt/ml/processing/output/train")
                    (out / "labels").mkdir()
                    (out / "train.csv").write_text("".join(",".join(row[:LABEL]) + "\\n" for row in rows))
                    (out / "labels" / "labels.csv").write_text("".join(row[LABEL] + "\\n" for row in rows))
                    print("rows:", len(rows), sys.argv[1:])
                """,
                "scripts/columns.py": "LABEL = 2\n",
            }
        ),
    )
    entry = bucket.put(
        "code/runproc.sh",
        "set -e\ncd /opt/ml/processing/input/code\ntar -xzf sourcedir.tar.gz\n"
        'exec python3 -m scripts.split scripts/split.py "$@"\n',
    )
    raw = bucket.put("data/flowers.csv", "5.1,3.5,a\n6.2,2.9,b\n")
    request = {
        "AppSpecification": {
            "ImageUri": "image",
            "ContainerEntrypoint": ["/bin/bash", "/opt/ml/processing/input/entrypoint/runproc.sh"],
            "ContainerArguments": ["--fraction", "0.2"],
        },
        "RoleArn": ROLE,
        "ProcessingInputs": [
            s3_input("raw", raw, "/opt/ml/processing/input/raw"),
            s3_input("code", code, "/opt/ml/processing/input/code/"),
            s3_input("entrypoint", entry, "/opt/ml/processing/input/entrypoint"),
        ],
        "ProcessingOutputConfig": {
            "Outputs": [s3_output("train", bucket.uri("out/train"), "/opt/ml/processing/output/train")]
        },
    }
    outcome = jobs.runner.run_processing(request, job_name="split", stop=jobs.stop, log=jobs.log)
    assert outcome == JobOutcome("Completed")
    assert "rows: 2 ['scripts/split.py', '--fraction', '0.2']" in jobs.lines
    assert bucket.get("out/train/train.csv") == b"5.1,3.5\n6.2,2.9\n"
    assert bucket.get("out/train/labels/labels.csv") == b"a\nb\n"


def test_configuration_and_variables(jobs: Jobs, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMP_ROLE", "the server's")
    monkeypatch.setenv("AIRFLOW_HOME", "the server's")
    outcome = jobs.process(
        """
        cat /opt/ml/config/processingjobconfig.json; echo
        cat /opt/ml/config/resourceconfig.json; echo
        python -c 'import json, os; print(json.dumps(dict(os.environ)))'
        """,
        job_name="configured",
        Environment={"GREETING": "hello world"},
    )
    assert outcome.status == "Completed"
    config, resources, variables = (json.loads(line) for line in jobs.lines[-3:])
    arn = "arn:aws:sagemaker:us-east-1:123456789012:processing-job/configured"
    assert config["ProcessingJobArn"] == variables["PROCESSING_JOB_ARN"] == arn
    assert config["ProcessingJobName"] == "configured"
    assert config["AppSpecification"]["ImageUri"] == "image"
    assert resources == {"current_host": "algo-1", "hosts": ["algo-1"]}
    assert variables["GREETING"] == "hello world"
    assert "the server's" not in variables.values()


def test_a_script_reaches_s3_with_boto3(jobs: Jobs, bucket: Bucket) -> None:
    bucket.put("question", "42")
    script = f"""
        python - <<'END'
        import boto3
        print(boto3.client("s3").get_object(Bucket="{bucket.name}", Key="question")["Body"].read().decode())
        END
    """
    assert jobs.process(script).status == "Completed"
    assert jobs.lines[-1] == "42"


def test_a_failure_has_its_exit_code_and_message(jobs: Jobs, bucket: Bucket) -> None:
    outputs = {"Outputs": [s3_output("o", bucket.uri("out"), "/opt/ml/processing/output")]}
    script = "touch /opt/ml/processing/output/half; echo 3 rows were bad > /opt/ml/output/message; exit 7"
    outcome = jobs.process(script, ProcessingOutputConfig=outputs)
    assert outcome == JobOutcome("Failed", "AlgorithmError: , exit code: 7", exit_message="3 rows were bad\n")
    assert bucket.keys("out") == []


def test_a_failure_file_is_the_reason(jobs: Jobs) -> None:
    outcome = jobs.process("printf 'no such column: age' > /opt/ml/output/failure; exit 1")
    assert outcome.failure_reason == "AlgorithmError: no such column: age, exit code: 1"


def test_a_missing_input_is_the_clients_error(jobs: Jobs, bucket: Bucket) -> None:
    inputs = [s3_input("raw", bucket.uri("nothing/here"), "/opt/ml/processing/input/raw")]
    outcome = jobs.process("echo ran", ProcessingInputs=inputs)
    assert outcome.status == "Failed"
    assert outcome.failure_reason is not None
    assert outcome.failure_reason.startswith(
        f'ClientError: Data download failed:No S3 objects found under S3 URL "{bucket.uri("nothing/here")}"'
    )
    assert "ran" not in jobs.lines


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"AppSpecification": {"ImageUri": "image"}}, "needs a ContainerEntrypoint"),
        ({"ProcessingInputs": [s3_input("x", "s3://b/k", "/opt/ml/p", S3InputMode="Pipe")]}, "only S3InputMode File"),
        ({"ProcessingInputs": [{"InputName": "x", "DatasetDefinition": {}}]}, "reads only S3Input"),
        ({"ProcessingInputs": [s3_input("x", "s3://b/k", "/etc")]}, "isn't below /opt/ml"),
        ({"ProcessingInputs": [s3_input("x", "s3://b/k", "/opt/ml/../x")]}, "isn't below /opt/ml"),
        ({"ProcessingInputs": [s3_input("x", "https://b/k", "/opt/ml/p")]}, "Not an S3 URI"),
        ({"ProcessingInputs": [s3_input("x", "s3://b/k", "/opt/ml/p", S3DataType="Other")]}, "S3DataType Other"),
        ({"ProcessingOutputConfig": {"Outputs": [{"OutputName": "x", "FeatureStoreOutput": {}}]}}, "only S3Output"),
    ],
)
def test_what_cannot_be_had_here_is_told(jobs: Jobs, fields: dict, message: str) -> None:
    outcome = jobs.process("echo ran", **fields)
    assert outcome.status == "Failed"
    assert outcome.failure_reason is not None
    assert outcome.failure_reason.startswith("ClientError: ")
    assert message in outcome.failure_reason


def test_inputs_are_laid_out_as_sagemaker_does(jobs: Jobs, bucket: Bucket) -> None:
    for key in ("data/a.csv", "data/deep/b.csv", "data.csv", "data/deep/"):
        bucket.put(key, key)
    manifest = bucket.put("lists/m.json", json.dumps([{"prefix": bucket.uri("data/")}, "a.csv", "deep/b.csv"]))
    inputs = [
        s3_input("folder", bucket.uri("data/"), "/opt/ml/processing/folder"),
        s3_input("folder-without-slash", bucket.uri("data/deep"), "/opt/ml/processing/folder-without-slash"),
        s3_input("object", bucket.uri("data/a.csv"), "/opt/ml/processing/object"),
        s3_input("beginning", bucket.uri("dat"), "/opt/ml/processing/beginning"),
        s3_input("bucket", bucket.uri(), "/opt/ml/processing/bucket"),
        s3_input("manifest", manifest, "/opt/ml/processing/manifest", S3DataType="ManifestFile"),
    ]
    jobs.process("cd /opt/ml/processing; find * -type f | LC_ALL=C sort", ProcessingInputs=inputs)
    assert jobs.lines[1:] == [
        *("beginning/data.csv", "beginning/data/a.csv", "beginning/data/deep/b.csv"),
        *("bucket/data.csv", "bucket/data/a.csv", "bucket/data/deep/b.csv", "bucket/lists/m.json"),
        "folder-without-slash/b.csv",
        *("folder/a.csv", "folder/deep/b.csv"),
        *("manifest/a.csv", "manifest/deep/b.csv"),
        "object/a.csv",
    ]


@pytest.mark.parametrize("content", ["oh", "[]", "{}", '["s3://b/"]', '[{"prefix": "s3://b/"}, 3]'])
def test_a_manifest_that_is_none_is_told(jobs: Jobs, bucket: Bucket, content: str) -> None:
    manifest = bucket.put("m.json", content)
    inputs = [s3_input("x", manifest, "/opt/ml/processing/x", S3DataType="ManifestFile")]
    outcome = jobs.process("true", ProcessingInputs=inputs)
    assert f"ClientError: Manifest {manifest} isn't as documented" in str(outcome.failure_reason)


def test_a_key_cannot_leave_its_folder(jobs: Jobs, bucket: Bucket) -> None:
    manifest = bucket.put("m.json", json.dumps([{"prefix": bucket.uri()}, "../../outside"]))
    bucket.put("../../outside", "x")
    inputs = [s3_input("x", manifest, "/opt/ml/processing/x", S3DataType="ManifestFile")]
    assert "can't be a file's name" in str(jobs.process("true", ProcessingInputs=inputs).failure_reason)


def test_links_into_the_container_are_uploaded_as_files(jobs: Jobs, bucket: Bucket) -> None:
    bucket.put("data/a.csv", "1,2\n")
    outcome = jobs.process(
        "ln -s /opt/ml/processing/in/a.csv /opt/ml/processing/out/b.csv; ln -s b.csv /opt/ml/processing/out/c.csv",
        ProcessingInputs=[s3_input("in", bucket.uri("data"), "/opt/ml/processing/in")],
        ProcessingOutputConfig={"Outputs": [s3_output("out", bucket.uri("out/"), "/opt/ml/processing/out")]},
    )
    assert outcome.status == "Completed"
    assert bucket.get("out/b.csv") == b"1,2\n"


def test_continuous_output_is_there_before_the_end(jobs: Jobs, bucket: Bucket) -> None:
    # The job waits for its own upload, and so ends only if there is one while it runs.
    script = f"""
        echo early > /opt/ml/processing/out/early
        python - <<'END'
        import boto3
        s3 = boto3.client("s3")
        s3.get_waiter("object_exists").wait(
            Bucket="{bucket.name}", Key="out/early", WaiterConfig={{"Delay": 0.1, "MaxAttempts": 300}}
        )
        END
        echo late > /opt/ml/processing/out/late
        exit 1
    """
    outputs = {"Outputs": [s3_output("out", bucket.uri("out"), "/opt/ml/processing/out", "Continuous")]}
    outcome = jobs.process(script, ProcessingOutputConfig=outputs)
    assert outcome.failure_reason == "AlgorithmError: , exit code: 1"
    assert bucket.get("out/early") == b"early\n"
    assert bucket.get("out/late") == b"late\n"


def test_a_job_has_its_maximum_runtime(jobs: Jobs) -> None:
    outcome = jobs.process("exec sleep 1000", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert outcome == JobOutcome("Stopped", secondary_status="MaxRuntimeExceeded")


def test_a_job_is_stopped(jobs: Jobs) -> None:
    jobs.when["ready"] = jobs.stop
    outcome = jobs.process("trap 'echo bye > /opt/ml/output/message; exit 0' TERM; echo ready; sleep 1000 & wait")
    assert outcome == JobOutcome("Stopped", exit_message="bye\n")


def test_a_job_that_is_stopped_before_it_starts(jobs: Jobs, bucket: Bucket) -> None:
    jobs.stop.set()
    bucket.put("data", "x")
    outcome = jobs.process("echo ran", ProcessingInputs=[s3_input("in", bucket.uri("data"), "/opt/ml/processing/in")])
    assert outcome == JobOutcome("Stopped")
    assert "ran" not in jobs.lines


def test_two_jobs_at_once(jobs: Jobs, bucket: Bucket) -> None:
    if not jobs.runner.root.concurrent:
        pytest.skip(f"{jobs.runner.root.name}")
    # Each waits, through S3, until the other one runs too.
    outcomes: dict[str, JobOutcome] = {}

    def run(mine: str, other: str) -> None:
        script = f"""
            test ! -e /opt/ml/output/who
            echo {mine} > /opt/ml/output/who
            python - <<'END'
            import boto3
            s3 = boto3.client("s3")
            s3.put_object(Bucket="{bucket.name}", Key="running/{mine}")
            s3.get_waiter("object_exists").wait(
                Bucket="{bucket.name}", Key="running/{other}", WaiterConfig={{"Delay": 0.1, "MaxAttempts": 300}}
            )
            END
            cp /opt/ml/output/who /opt/ml/output/message
        """
        outcomes[mine] = jobs.process(script, job_name=mine)

    threads = [threading.Thread(target=run, args=pair) for pair in (("one", "two"), ("two", "one"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {name: JobOutcome("Completed", exit_message=f"{name}\n") for name in ("one", "two")}


def test_what_a_script_installs_is_the_jobs_own(jobs: Jobs) -> None:
    script = """
        cd "$HOME"
        mkdir it && echo 'answer = 42' > it/only_here.py
        cat > it/backend.py <<'END'
        import zipfile
        def build_wheel(directory, *_):
            with zipfile.ZipFile(f"{directory}/only_here-1-py3-none-any.whl", "w") as wheel:
                wheel.write("only_here.py")
                for name, text in {
                    "METADATA": "Metadata-Version: 2.1\\nName: only_here\\nVersion: 1\\n",
                    "WHEEL": "Wheel-Version: 1.0\\nTag: py3-none-any\\n",
                    "RECORD": "",
                }.items():
                    wheel.writestr(f"only_here-1.dist-info/{name}", text)
            return "only_here-1-py3-none-any.whl"
        END
        cat > it/pyproject.toml <<'END'
        [build-system]
        requires = []
        build-backend = "backend"
        backend-path = ["."]
        END
        pip install --quiet --no-index ./it
        python -c 'import only_here; print(only_here.answer)'
    """
    assert jobs.process(script).status == "Completed"
    assert jobs.lines[-1] == "42"
    assert jobs.process("python -c 'import only_here'").status == "Failed"
    with pytest.raises(ImportError):
        __import__("only_here")


def test_read_only_folders_are_removed_too(jobs: Jobs) -> None:
    script = "mkdir -p /opt/ml/a/b && touch /opt/ml/a/b/c && chmod 0 /opt/ml/a/b && chmod 500 /opt/ml/a"
    assert jobs.process(script).status == "Completed"


def test_how_jobs_get_their_root_is_told(jobs: Jobs) -> None:
    jobs.process("true")
    assert jobs.runner.root.name in jobs.lines[0]
    assert jobs.runner.root is jobs.runner.root


def test_an_error_of_the_server_is_told_as_one(jobs: Jobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jobs.runner.interpreter.executable = str(tmp_path / "no-python")
    outcome = jobs.process("true")
    assert outcome.status == "Failed"
    assert str(outcome.failure_reason).startswith("InternalServerError: FileNotFoundError")
    assert "Traceback" in jobs.lines[-1]
