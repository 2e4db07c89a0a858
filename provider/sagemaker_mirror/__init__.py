"""Config folders become SageMaker Pipelines; each execution is mirrored, step by step, in Apache Airflow."""

from __future__ import annotations

__version__ = "0.1.0"
