"""The calls that an upsert makes, counted where they arrive."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sagemaker_mirror.compiler import CompiledPipeline, Target, compile_pipeline
from sagemaker_mirror.config import load_folder
from sagemaker_mirror.graph import build_graph
from sagemaker_mirror.local import LocalSageMaker

READS = ("s3:HEAD", "s3:GET", "ListPipelineVersions", "DescribePipeline", "ListTags")


@dataclass(frozen=True)
class Upsert:
    """One upsert.

    :param calls: how often each operation was called.
    :param objects: how many objects the pipeline has in S3.
    :param uploaded: how many of them were missing.
    """

    calls: Mapping[str, int]
    objects: int
    uploaded: int

    def count(self, *operations: str) -> int:
        """How often these were called."""
        return sum(self.calls.get(operation, 0) for operation in operations)

    @property
    def writes(self) -> int:
        """How many calls were no reads."""
        return sum(self.calls.values()) - self.count(*READS)

    def text(self) -> str:
        """The calls for a reader."""
        return ", ".join(f"{number} {name}" for name, number in sorted(self.calls.items()))


def upserts(folder: Path, script: Path, values: Mapping[str, str]) -> tuple[Upsert, Upsert, Upsert]:
    """Write a pipeline for the first time, again, and after one script has changed, as the upsert operator does.

    :param folder: a folder that may be changed.
    :param script: one of its scripts.
    :param values: values of its placeholders.
    """
    with LocalSageMaker() as local:
        extra = {"region_name": values["SMP_REGION"], "endpoint_url": local.endpoint_url}
        connection = {"conn_type": "aws", "login": "testing", "password": "testing", "extra": extra}
        os.environ["AIRFLOW_CONN_AWS_DEFAULT"] = json.dumps(connection)
        local.client("s3").create_bucket(Bucket=values["SMP_S3BUCKETNAME"])
        first, again = _upsert(local, _compile(folder, values)), _upsert(local, _compile(folder, values))
        script.write_text(script.read_text() + "\n# changed\n")
        return first, again, _upsert(local, _compile(folder, values))


def _compile(folder: Path, values: Mapping[str, str]) -> CompiledPipeline:
    config = load_folder(folder).resolve(values)
    return compile_pipeline(config, build_graph(config), Target.from_values(values, config.base), values)


def _upsert(local: LocalSageMaker, compiled: CompiledPipeline) -> Upsert:
    from sagemaker_mirror.hooks.connection import AwsConnection

    before = max((call.number for call in local.calls.after(0)), default=0)
    hook = AwsConnection.of("aws_default", None, None, None).hook()
    uploaded = hook.upload_missing(compiled.uploads)
    hook.write_pipeline(compiled)
    return Upsert(local.calls.counts(before), len(compiled.uploads), len(uploaded))
