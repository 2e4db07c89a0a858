"""The small files of a bundle, as text."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from sagemaker_mirror.cli.bundle.dependencies import PYTHON
from sagemaker_mirror.cli.bundle.wheel import DISTRIBUTION

PLUGINS = "/usr/local/airflow/plugins"  # where MWAA unpacks plugins.zip
REQUIRED = ("SMP_REGION", "SMP_ACCOUNTID", "SMP_S3BUCKETNAME", "SMP_ROLE")
OPTIONAL = ("SMP_SUBNETS", "SMP_SECURITYGROUPS", "SMP_KMS_KEY")

LOADER = '''"""One Airflow DAG for each folder of configs/ ([sagemaker_mirror] configs_folder in airflow.cfg)."""

from __future__ import annotations

from sagemaker_mirror.factory import build_dags

globals().update(build_dags())
'''

# Training scripts are no DAG files. Airflow 2 takes lines for regular expressions and Airflow 3 for globs; to both,
# this one means everything beside it and below. It lies in configs/, so that it is in nobody's way.
IGNORED = "[!.]*\n"


def requirements(airflow: str, version: str, *, offline: bool) -> str:
    """Give ``requirements.txt``. What is not part of an MWAA environment comes from ``plugins.zip`` or an index.

    Without internet there is no constraints line, as its address could not be reached; MWAA then takes the
    constraints that lie in its image. It looks for the option in comments too, so no comment may name it.
    https://docs.aws.amazon.com/mwaa/latest/userguide/connections-packages.html
    https://docs.aws.amazon.com/mwaa/latest/userguide/best-practices-dependencies.html

    :param airflow: the environment's version of Airflow.
    :param version: the version of this package.
    :param offline: whether the environment has no way to the internet.
    """
    address = f"https://raw.githubusercontent.com/apache/airflow/constraints-{airflow}/constraints-{PYTHON}.txt"
    lines = (
        *(() if offline else (f'--constraint "{address}"',)),
        f"--find-links {PLUGINS}",
        *(("--no-index",) if offline else ()),
        f"{DISTRIBUTION}=={version}",
    )
    return "\n".join(lines) + "\n"


def startup_script(names: Sequence[str], values: Mapping[str, str]) -> str:
    """Give ``startup.sh``, which MWAA runs in each of its containers before it installs the requirements.

    https://docs.aws.amazon.com/mwaa/latest/userguide/using-startup-script.html

    :param names: the placeholders.
    :param values: their values; a name without one stands there as a comment.
    """
    lines = [
        f"export {name}={shlex.quote(values[name])}" if name in values else f"# export {name}=…" for name in names
    ]
    return "\n".join(
        (
            "#!/bin/sh",
            "# The values of the confs' placeholders. A run's params and Airflow Variables go before them.",
            f"# Needed: {', '.join(REQUIRED)}; and what the confs name.",
            *lines,
            "",
        )
    )
