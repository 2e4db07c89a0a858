"""What every test stands on: an Airflow home of its own, and no way to a real AWS account."""

from __future__ import annotations

import functools
import os
import tempfile
from pathlib import Path

import botocore.session
from hypothesis import settings

# A busy machine is no mistake: how long an example takes is not asked.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Airflow reads its configuration when it is first imported, so this comes before any test module.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-home-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "False"
os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{os.environ['AIRFLOW_HOME']}/airflow.db"
# Tests look at executions many times a second.
os.environ["AIRFLOW__SAGEMAKER_MIRROR__MAX_CALLS_PER_SECOND"] = "10000"
for name in [name for name in os.environ if name.startswith(("AWS_", "SMP_")) and name != "AWS_CA_BUNDLE"]:
    del os.environ[name]
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
)

# A worker has one boto3 session; tests have thousands, and each would read botocore's models from disk again.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)

REPOSITORY = Path(__file__).resolve().parents[1]
