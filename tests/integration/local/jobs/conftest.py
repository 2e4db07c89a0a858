"""A real S3 over HTTP, and a runner of jobs beside it."""

from __future__ import annotations

import io
import logging
import tarfile
import textwrap
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from sagemaker_mirror.local.jobs import JobOutcome, JobRunner

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"


@pytest.fixture(scope="session")
def endpoint_url() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def archive(files: dict[str, str]) -> bytes:
    """Pack files, whose text may be indented, into a tar.gz."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            content = textwrap.dedent(text).lstrip("\n").encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mtime = 1_700_000_000
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@dataclass
class Bucket:
    """A bucket of its own for each test."""

    s3: Any
    name: str = field(default_factory=lambda: f"jobs-{uuid.uuid4()}")

    def uri(self, key: str = "") -> str:
        return f"s3://{self.name}/{key}"

    def put(self, key: str, content: str | bytes) -> str:
        self.s3.put_object(Bucket=self.name, Key=key, Body=content)
        return self.uri(key)

    def get(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        return body

    def members(self, key: str) -> dict[str, bytes]:
        """The files of an archive."""
        with tarfile.open(fileobj=io.BytesIO(self.get(key))) as tar:
            return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}  # type: ignore[union-attr]

    def keys(self, prefix: str = "") -> list[str]:
        page = self.s3.list_objects_v2(Bucket=self.name, Prefix=prefix)
        return [item["Key"] for item in page.get("Contents", ())]


@pytest.fixture
def s3(endpoint_url: str) -> Any:
    return boto3.client("s3", endpoint_url=endpoint_url)


@pytest.fixture
def bucket(s3: Any) -> Bucket:
    made = Bucket(s3)
    s3.create_bucket(Bucket=made.name)
    return made


@dataclass
class Jobs:
    """Runs jobs, keeps their lines; `when` says at which line which event is set."""

    runner: JobRunner
    bucket: Bucket
    lines: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    when: dict[str, threading.Event] = field(default_factory=dict)

    def log(self, line: str) -> None:
        self.lines.append(line)
        if line in self.when:
            self.when[line].set()

    def process(self, script: str, job_name: str = "process", **request: Any) -> JobOutcome:
        """Run a processing job whose entry point is a shell script, given as its text."""
        full = {
            "AppSpecification": {
                "ImageUri": "image",
                "ContainerEntrypoint": ["/bin/sh", "-euc", textwrap.dedent(script)],
            },
            "RoleArn": ROLE,
            **request,
        }
        return self.runner.run_processing(full, job_name=job_name, stop=self.stop, log=self.log)

    def train(self, files: dict[str, str], job_name: str = "train", **request: Any) -> JobOutcome:
        """Run a training job with a source archive of some files; the program is train.py."""
        source = self.bucket.put("code/sourcedir.tar.gz", archive(files))
        hyperparameters = {"sagemaker_program": '"train.py"', "sagemaker_submit_directory": f'"{source}"'}
        full = {
            "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": self.bucket.uri("models/")},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
            "RoleArn": ROLE,
            **request,
            "HyperParameters": {**hyperparameters, **request.get("HyperParameters", {})},
        }
        return self.runner.run_training(full, job_name=job_name, stop=self.stop, log=self.log)

    def transform(
        self, model: dict[str, str] | bytes, data: str, job_name: str = "transform", **request: Any
    ) -> JobOutcome:
        """Run a transform job with a model archive, or the files of one, over the objects with a prefix."""
        url = self.bucket.put("model.tar.gz", model if isinstance(model, bytes) else archive(model))
        definition = {
            "Image": "image",
            "ModelDataUrl": url,
            "Environment": {
                "SAGEMAKER_PROGRAM": "inference",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                **request.pop("ModelEnvironment", {}),
            },
        }
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self.bucket.uri(data)}}
        full = {
            "ModelName": "model",
            **request,
            "TransformInput": {"DataSource": source, "ContentType": "text/csv", **request.get("TransformInput", {})},
            "TransformOutput": {
                "S3OutputPath": self.bucket.uri("predictions"),
                "Accept": "text/csv",
                **request.get("TransformOutput", {}),
            },
        }
        described = {"ModelName": "model", "PrimaryContainer": definition, "ExecutionRoleArn": ROLE}
        return self.runner.run_transform(full, model=described, job_name=job_name, stop=self.stop, log=self.log)


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    return tmp_path / "work dir"


@pytest.fixture
def jobs(endpoint_url: str, bucket: Bucket, work_dir: Path) -> Iterator[Jobs]:
    runner = JobRunner(lambda name: boto3.client(name, endpoint_url=endpoint_url), work_dir, stop_grace=0.5)
    made = Jobs(runner, bucket)
    yield made
    assert not work_dir.exists() or list(work_dir.iterdir()) == [], "a job leaves nothing behind"


def s3_input(name: str, uri: str, path: str, **fields: str) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File", **fields}
    return {"InputName": name, "AppManaged": False, "S3Input": source}


def s3_output(name: str, uri: str, path: str, mode: str = "EndOfJob") -> dict[str, Any]:
    target = {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}
    return {"OutputName": name, "AppManaged": False, "S3Output": target}


def channel(name: str, uri: str, **fields: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **fields}
