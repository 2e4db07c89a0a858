"""Config folders that misbehave on purpose."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/python:3"


@dataclass(frozen=True)
class Conf:
    name: str
    text: str
    script: str


FAILING = Conf(
    "failing",
    f"""\
    conf:
      models:
        only:
          source_directory: scripts
          processing: {{image_uri: "{IMAGE}", entry_point: work.py}}
      sagemakerPipeline:
        pipelineName: failing
        models:
          only:
            steps:
              - {{step_name: breaks, step_class: Processing, step_type: processing}}
              - {{step_name: never-starts, step_class: Processing, step_type: processing}}
        dependencies: breaks >> never-starts
    """,
    "import sys\nprint('about to give up')\nsys.exit('the moon is in the wrong quarter')\n",
)

SLOW = Conf(
    "slow",
    f"""\
    conf:
      models:
        only:
          source_directory: scripts
          processing: {{image_uri: "{IMAGE}", entry_point: work.py}}
      sagemakerPipeline:
        pipelineName: slow
        models:
          only:
            steps:
              - {{step_name: one, step_class: Processing, step_type: processing}}
              - {{step_name: two, step_class: Processing, step_type: processing}}
              - {{step_name: three, step_class: Processing, step_type: processing}}
              - {{step_name: after, step_class: Processing, step_type: processing}}
        dependencies: "[one, two, three] >> after"
    """,
    "import time\nprint('working', flush=True)\ntime.sleep(3600)\n",
)

RETRIED = Conf(
    "retried",
    f"""\
    conf:
      airflow: {{retries: 1, retry_delay: 10s}}
      models:
        only:
          source_directory: scripts
          processing: {{image_uri: "{IMAGE}", entry_point: work.py}}
      sagemakerPipeline:
        pipelineName: retried
        models:
          only:
            steps:
              - {{step_name: first, step_class: Processing, step_type: processing}}
              - {{step_name: second, step_class: Processing, step_type: processing}}
        dependencies: first >> second
    """,
    "print('working')\n",
)

BROKEN = Conf(
    "broken",
    f"""\
    conf:
      models:
        only:
          processing: {{image_url: "{IMAGE}", entry_point: work.py}}
      sagemakerPipeline:
        pipelineName: broken
        models:
          only:
            steps:
              - {{step_name: work, step_class: Processing, step_type: processing}}
    """,
    "",
)


def write_conf(root: Path, conf: Conf) -> Path:
    """Write the folder below a configs root, and return it."""
    model = root / conf.name / "model"
    (model / "conf").mkdir(parents=True)
    (model / "scripts").mkdir()
    (model / "conf" / "conf.yaml").write_text(textwrap.dedent(conf.text))
    (model / "scripts" / "work.py").write_text(conf.script)
    return root / conf.name
