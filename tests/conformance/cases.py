"""The confs that both sides build, and ours of each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagemaker_mirror.compiler import Target, check_definition, compile_pipeline
from sagemaker_mirror.config import PipelineConfig, load_folder
from sagemaker_mirror.graph import build_graph
from tests.conformance.comparison import Comparison
from tests.conformance.description import describe
from tests.conftest import REPOSITORY

REFERENCE = REPOSITORY.parent / "shared" / "reference"
OWN = Path(__file__).parent / "configs"

PLAIN = {
    "SMP_ACCOUNTID": "123456789012",
    "SMP_REGION": "us-east-1",
    "SMP_S3BUCKETNAME": "conformance",
    "SMP_ROLE": "arn:aws:iam::123456789012:role/SageMakerExecutionRole",
}
GUARDED = {
    **PLAIN,
    "SMP_SUBNETS": "subnet-0a,subnet-0b",
    "SMP_SECURITYGROUPS": "sg-01",
    "SMP_KMS_KEY": "arn:aws:kms:us-east-1:123456789012:key/9a",
}


@dataclass(frozen=True)
class Case:
    """A conf and values for its placeholders.

    :param name: the case's name.
    :param config: the conf, placeholders replaced.
    :param values: the values.
    """

    name: str
    config: PipelineConfig
    values: Mapping[str, str]

    @property
    def target(self) -> Target:
        return Target.from_values(self.values)

    def ours(self) -> dict[str, Any]:
        """Our definition of the pipeline."""
        graph = build_graph(self.config)
        definition = compile_pipeline(self.config, graph, self.target, self.values).definition
        assert check_definition(definition) == ()
        return definition

    def description(self) -> dict[str, Any]:
        """The same as the other side is told."""
        return describe(self.config, self.target, self.values)

    def compare(self, theirs: Mapping[str, Any]) -> Comparison:
        """Compare ours with another definition of the pipeline."""
        classes = {step.name: step.step_class for _, step in self.config.steps}
        names = {self.target.bucket: "BUCKET", self.config.pipeline.pipeline_name: "PIPELINE"}
        return Comparison(self.ours(), theirs, classes, names)


def shipped_folders() -> list[Path]:
    """The folders of configs/, and one of this room that has every key."""
    return [conf for root in (REPOSITORY / "configs", OWN) for conf in sorted(root.iterdir()) if conf.is_dir()]


def reference_folders() -> list[Path]:
    """The confs of the framework that this project takes over from; they are not part of the repository."""
    confs = REFERENCE / "confs"
    return sorted(path for path in confs.iterdir() if path.is_dir()) if confs.is_dir() else []


def cases(folders: list[Path], root: Path, settings: Mapping[str, Mapping[str, str]]) -> Iterator[Case]:
    """Load copies of folders, since the SDK writes into source folders, with each of several settings."""
    for folder in folders:
        copy = root / "configs" / folder.name
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
        config = load_folder(copy)
        if folder.is_relative_to(REFERENCE):
            _write_scripts(config, root)
        for setting, values in settings.items():
            yield Case(f"{folder.name}-{setting}", config.resolve(values), values)


def _write_scripts(config: PipelineConfig, root: Path) -> None:
    """Write the scripts that a conf names, where it names them; it comes without."""
    for model in config.models.values():
        for section in model.sections.values():
            if entry_point := getattr(section, "entry_point", None):
                script = root / str(model.source_directory) / entry_point
                script.parent.mkdir(parents=True, exist_ok=True)
                script.write_text(f"print({entry_point!r})\n")
