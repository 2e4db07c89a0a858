"""Config folders whose steps do nothing, so that faults alone decide what becomes of them."""

from __future__ import annotations

import re

from tests.e2e.confs import Conf
from tests.e2e.faults.jobs import IDLE_IMAGE


def idle(name: str, dependencies: str, *, airflow: str = "{}", env: str = "{}") -> Conf:
    """Return a folder whose steps do nothing.

    :param name: of the folder and of its pipeline; step names begin with it, so that a fault hits only its own.
    :param dependencies: the steps and their order, each without the name in front: ``one >> two``.
    :param airflow: the section ``airflow``.
    :param env: environment variables of the jobs.
    """
    steps = sorted(set(re.findall(r"\w+", dependencies)))
    rows = "\n".join(
        f"              - {{step_name: {name}-{step}, step_class: Processing, step_type: processing}}"
        for step in steps
    )
    order = re.sub(r"(\w+)", rf"{name}-\1", dependencies)
    text = f"""\
    conf:
      airflow: {airflow}
      models:
        only:
          source_directory: scripts
          processing: {{image_uri: "{IDLE_IMAGE}", entry_point: work.py, env: {env}}}
      sagemakerPipeline:
        pipelineName: {name}
        models:
          only:
            steps:
{rows}
        dependencies: "{order}"
    """
    return Conf(name, text, "")


FAULTS = (
    idle("many", "001 >> 125 >> 250", airflow="{on_drift: adopt}"),
    idle("stopped", "one >> two"),
    idle("resumed", "one >> two", airflow="{retries: 1, retry_delay: 20s}"),
    idle("deleted", "one >> two"),
    idle("purged", "one >> two"),
    idle("denied", "one >> two"),
    idle("marked", "one >> two"),
    idle("siblings", "[one, two] >> three"),
    idle("twins", "one >> two", airflow="{max_active_runs: 2}", env="{RUN: SMP_RUN}"),
    idle("killed", "one >> two", airflow="{retries: 1, retry_delay: 1s}"),
    idle("stormy", "one >> two >> three"),
    idle("steady", "[one, two] >> three"),
)
