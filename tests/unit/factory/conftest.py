"""Config folders to build DAGs from, written afresh for each test."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

# model -> (step name, step class, chained sources)
Steps = Mapping[str, Sequence[tuple[str, str, Sequence[str]]]]

CHURN: Steps = {
    "churn": [
        ("prepare", "Processing", []),
        ("fit", "Training", ["prepare"]),
        ("create", "CreateModel", []),
        ("score", "Transform", ["prepare"]),
        ("measure", "Metrics", ["prepare", "score"]),
        ("publish", "RegisterModel", []),
    ]
}
TWO_MODELS: Steps = {
    "reduce": [("reduce-prepare", "Processing", []), ("reduce-fit", "Training", ["reduce-prepare"])],
    "classify": [("classify-fit", "Training", ["reduce-fit"]), ("classify-publish", "RegisterModel", [])],
}

_IMAGE = "123456789012.dkr.ecr.SMP_REGION.amazonaws.com/any:1"
_JOB = {"image_uri": _IMAGE, "entry_point": "job.py"}


class Configs:
    """A configs root that grows with the test."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)

    def add(
        self,
        name: str,
        steps: Steps = CHURN,
        *,
        dependencies: Sequence[str] = (),
        parameters: Mapping[str, object] | None = None,
        **common: object,
    ) -> Path:
        """Write a folder with a conf of these steps; ``common`` are further keys of ``conf``."""
        models = {model: self._model() for model in steps}
        pipeline = {
            "pipelineName": f"{name}-pipeline",
            "models": {
                model: {"steps": [self._step(*step) for step in of_model]} for model, of_model in steps.items()
            },
            "dependencies": list(dependencies),
            "parameters": dict(parameters or {}),
        }
        first, *others = models
        conf = {**common, "models": {first: models[first]}, "sagemakerPipeline": pipeline}
        file = self.write(name, yaml.safe_dump({"conf": conf}, sort_keys=False), first)
        for model in others:
            self.write(name, yaml.safe_dump({"conf": {"models": {model: models[model]}}}), model)
        return file

    def write(self, name: str, text: str, model: str = "model") -> Path:
        """Write any text as a folder's conf."""
        file = self.root / name / model / "conf" / "conf.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(text)
        return file

    @staticmethod
    def _model() -> dict[str, object]:
        channels = {"data": {"dataFiles": [{"fileName": "s3://SMP_S3BUCKETNAME/data"}]}}
        return {
            "source_directory": "scripts",
            "preprocess": {**_JOB, "channels": channels},
            "train": {**_JOB, "channels": channels},
            "transform": {**_JOB, "channels": channels},
            "evaluate": {**_JOB, "channels": channels, "content_type": "application/json"},
            "registry": {
                "ModelRepack": "False",
                "InferenceSpecification": {
                    "image_uri": _IMAGE,
                    "supported_content_types": ["text/csv"],
                    "supported_response_MIME_types": ["text/csv"],
                    "approval_status": "PendingManualApproval",
                },
            },
        }

    @staticmethod
    def _step(name: str, step_class: str, sources: Sequence[str]) -> dict[str, object]:
        step: dict[str, object] = {"step_name": name, "step_class": step_class}
        if step_class == "Processing":
            step["step_type"] = "preprocess"
        if sources:
            step["chain_input_source_step"] = list(sources)
        return step


@pytest.fixture
def configs(tmp_path: Path) -> Configs:
    """Return an empty configs root."""
    return Configs(tmp_path / "configs")


@pytest.fixture
def parsing(monkeypatch: pytest.MonkeyPatch):
    """Return a function that makes Airflow parse on behalf of a task of one DAG."""

    def parse_for(dag_id: str) -> None:
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id)
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "start")

    assert "_AIRFLOW_PARSING_CONTEXT_DAG_ID" not in os.environ
    return parse_for
