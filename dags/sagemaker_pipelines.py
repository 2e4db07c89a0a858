"""One Airflow DAG for each folder of configs/ ([sagemaker_mirror] configs_folder in airflow.cfg)."""

from __future__ import annotations

from sagemaker_mirror.factory import build_dags

globals().update(build_dags())
