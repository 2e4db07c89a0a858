"""An Airflow DAG for each config folder, all with the same connection."""

from __future__ import annotations

from sagemaker_mirror.factory import build_dags

globals().update(build_dags("../../configs", default_args={"aws_conn_id": "aws_default"}))
