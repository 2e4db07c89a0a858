"""The folders: real confs with eight steps of all classes, about 70 lines each."""

from __future__ import annotations

from pathlib import Path

CONF = """\
# Customers of region {number}: who leaves, and how much they are worth.
conf:
  models:
    churn:
      source_directory: scripts
      preprocess:
        image_uri: 123456789012.dkr.ecr.SMP_REGION.amazonaws.com/training:1.2
        instance_type: ml.m5.large
        entry_point: preprocess.py
        channels:
          train:
            dataFiles:
              - sourceName: customers
                fileName: s3://SMP_S3BUCKETNAME/customers/{number}/customers.csv
          test:
      train:
        image_uri: 123456789012.dkr.ecr.SMP_REGION.amazonaws.com/training:1.2
        instance_type: ml.m5.xlarge
        entry_point: train.py
        hyperparams:
          depth: {number}
      transform:
        image_uri: 123456789012.dkr.ecr.SMP_REGION.amazonaws.com/training:1.2
        entry_point: inference.py
        content_type: text/csv
        split_type: Line
        channels: test
      evaluate:
        image_uri: 123456789012.dkr.ecr.SMP_REGION.amazonaws.com/training:1.2
        entry_point: evaluate.py
        content_type: application/json
        channels: test
      registry:
        ModelRepack: "False"
        InferenceSpecification:
          image_uri: 123456789012.dkr.ecr.SMP_REGION.amazonaws.com/training:1.2
          supported_content_types: [text/csv]
          supported_response_MIME_types: [text/csv]
          approval_status: PendingManualApproval
    value:
      source_directory: scripts
      train:
        image_uri: 123456789012.dkr.ecr.SMP_REGION.amazonaws.com/training:1.2
        entry_point: value.py
      registry:
        ModelRepack: "False"
        InferenceSpecification:
          image_uri: 123456789012.dkr.ecr.SMP_REGION.amazonaws.com/training:1.2
          supported_content_types: [text/csv]
          supported_response_MIME_types: [text/csv]
          approval_status: PendingManualApproval
  sagemakerPipeline:
    pipelineName: customers-{number}
    models:
      churn:
        steps:
          - {{step_name: prepare, step_class: Processing, step_type: preprocess, enable_cache: True}}
          - {{step_name: train, step_class: Training, chain_input_source_step: [prepare], enable_cache: True}}
          - {{step_name: create, step_class: CreateModel}}
          - {{step_name: score, step_class: Transform, chain_input_source_step: [prepare]}}
          - {{step_name: measure, step_class: Metrics, chain_input_source_step: [prepare, score]}}
          - {{step_name: register, step_class: RegisterModel}}
      value:
        steps:
          - {{step_name: value, step_class: Training, chain_input_source_step: [prepare]}}
          - {{step_name: register-value, step_class: RegisterModel}}
    dependencies:
      - prepare >> train >> create >> score >> measure >> register
      - value >> register-value
"""


def write_configs(root: Path, count: int) -> list[str]:
    """Write so many config folders, and return their names.

    :param root: the configs root
    :param count: how many
    """
    names = [f"customers-{number:04}" for number in range(count)]
    for number, name in enumerate(names):
        conf = root / name / "conf"
        conf.mkdir(parents=True)
        (conf / "conf.yaml").write_text(CONF.format(number=number))
        scripts = root / name / "scripts"
        scripts.mkdir()
        (scripts / "train.py").write_text("print('training')\n")
    return names
