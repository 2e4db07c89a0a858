"""The ``README.md`` of a bundle: the five steps to deploy it, and why the role is allowed what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sagemaker_mirror.cli.bundle.policy import GRANTS

_FILES = ("requirements.txt", "plugins.zip", "startup.sh")
_OPTIONS = ("requirements", "plugins", "startup-script")


@dataclass(frozen=True)
class Contents:
    """What a bundle holds.

    :param airflow: the environment's version of Airflow.
    :param pipelines: the config folders, which are the DAGs.
    :param wheels: the names of the wheels in ``plugins.zip``.
    :param resources: the ARNs of each statement of the policy.
    """

    airflow: str
    pipelines: Sequence[str]
    wheels: Sequence[str]
    resources: Mapping[str, Sequence[str]]


def readme(contents: Contents) -> str:
    """Give ``README.md``.

    :param contents: what the bundle holds.
    """
    copies = "\n".join(f'   aws s3 cp {name} "s3://$BUCKET/{name}"' for name in _FILES)
    options = " \\\n".join(
        f'       --{option}-s3-path {name} --{option}-s3-object-version "$(version {name})"'
        for option, name in zip(_OPTIONS, _FILES, strict=True)
    )
    wheels = ", ".join(f"`{name}`" for name in contents.wheels)
    return f"""# {len(contents.pipelines)} SageMaker pipelines for Amazon MWAA, Airflow {contents.airflow}

DAGs: {", ".join(contents.pipelines)}

1. Look through `startup.sh` and `iam-policy.json`, and put values where names `SMP_…` stand still; for those of
   `startup.sh`, Airflow Variables of that name do too. Say which environment it is:

   ```
   export ENVIRONMENT=… BUCKET=… ROLE=…   # the environment's name, its bucket, its execution role's name
   ```

2. Allow the environment's execution role what the DAGs do (the table below says why):

   ```
   aws iam put-role-policy --role-name "$ROLE" --policy-name sagemaker-mirror --policy-document file://iam-policy.json
   ```

3. Put the files into the bucket. An environment has one of each of them: if yours has a `requirements.txt`, a
   `startup.sh` or a `plugins.zip` already, add the lines of these to it, and what is in this `plugins.zip`:
   {wheels}.

   ```
   aws s3 sync dags "s3://$BUCKET/dags"
{copies}
   ```

4. Let the environment take them. It restarts, which takes MWAA some minutes. Not needed when only `dags/` changed:

   ```
   version() {{ aws s3api head-object --bucket "$BUCKET" --key "$1" --query VersionId --output text; }}
   aws mwaa update-environment --name "$ENVIRONMENT" \\
{options}
   ```

5. Open the Airflow UI. Each folder is a DAG; unpause one and trigger it. If there is none, the log stream
   `requirements_install_…` of the environment's scheduler tells what was installed.

## What the role is allowed, and why

{_why(contents.resources)}
"""


def _why(resources: Mapping[str, Sequence[str]]) -> str:
    sections = []
    for sid, arns in resources.items():
        if not arns:
            continue
        rows = "\n".join(f"| `{grant.action}` | {grant.why} |" for grant in GRANTS if grant.statement == sid)
        on = "\n".join(f"- `{arn}`" for arn in arns)
        sections.append(f"### {sid}\n\n{on}\n\n| action | why |\n| --- | --- |\n{rows}")
    return "\n\n".join(sections)
