"""Config folders for the tests of this room, and marks for the places that errors must point at."""

from __future__ import annotations

from pathlib import Path

from sagemaker_mirror.config import ConfigError, PipelineConfig, Problem, load_folder

MARK = "▶"

CONF = """\
conf:
  models:
    iris:
      source_directory: scripts
      prepare:
        image_uri: SMP_ACCOUNTID.dkr.ecr.SMP_REGION.amazonaws.com/sklearn:1.2
        entry_point: prepare.py
        channels:
          train:
            dataFiles:
              - sourceName: raw
                fileName: s3://SMP_S3BUCKETNAME/iris/raw.csv
          test:
      train:
        image_uri: sklearn
        entry_point: train.py
        instance_count: 2
        hyperparams:
          depth: 3
          criterion: gini
        env:
          VERBOSE: true
      registry:
        ModelRepack: "False"
        InferenceSpecification:
          image_uri: sklearn
          supported_content_types: [text/csv]
          supported_response_MIME_types: [text/csv]
      transform:
        image_uri: sklearn
        channels: test
      evaluate:
        image_uri: sklearn
        entry_point: evaluate.py
        channels: test
  sagemakerPipeline:
    pipelineName: iris
    models:
      iris:
        steps:
          - {step_name: prepare, step_class: Processing, step_type: prepare}
          - step_name: train
            step_class: Training
            enable_cache: true
            chain_input_source_step: [prepare]
          - {step_name: create, step_class: CreateModel}
          - step_name: score
            step_class: Transform
            chain_input_source_step: [prepare]
            chain_input_additional_prefix: test.csv
          - step_name: evaluate
            step_class: Metrics
            chain_input_source_step: [prepare, score]
          - {step_name: register, step_class: RegisterModel}
    dependencies:
"""

VALUES = {
    "SMP_ACCOUNTID": "123456789012",
    "SMP_REGION": "eu-central-1",
    "SMP_S3BUCKETNAME": "bucket",
    "SMP_ROLE": "arn:aws:iam::123456789012:role/sagemaker",
}


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below a configs root; the folder is that of the first file."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root / next(iter(files)).split("/")[0]


def load(root: Path, conf: str = CONF, **files: str) -> PipelineConfig:
    """Write a conf as the only one of a folder, and load it."""
    return load_folder(write(root, {"iris/conf/conf.yaml": conf, **files}))


def changed(*changes: tuple[str, str], conf: str = CONF) -> str:
    """A valid conf with a few changes, each of a text that it has once."""
    for old, new in changes:
        assert conf.count(old) == 1, f"{old!r} occurs {conf.count(old)} times"
        conf = conf.replace(old, new)
    return conf


def problems_of(root: Path, conf: str = CONF, **files: str) -> tuple[Problem, ...]:
    """The problems of a folder; none where it is valid."""
    try:
        load(root, conf, **files)
    except ConfigError as error:
        return error.problems
    return ()


def expect(root: Path, conf: str, *messages: str) -> None:
    """Expect problems exactly at the marks of a conf, with these messages, in the order of their places."""
    places = []
    text = ""
    for part in conf.split(MARK)[:-1]:
        text += part
        places.append((text.count("\n") + 1, len(text) - text.rfind("\n")))
    found = problems_of(root, conf.replace(MARK, ""))
    assert [f"{problem.line}:{problem.column}: {problem.message}" for problem in found] == [
        f"{line}:{column}: {message}" for (line, column), message in zip(places, messages, strict=True)
    ]
    assert all(problem.path == root / "iris/conf/conf.yaml" for problem in found)
