from __future__ import annotations

from tests.integration.operators.conftest import configs, database, local, runner, sagemaker, started, task_log

__all__ = ["configs", "database", "local", "runner", "sagemaker", "started", "task_log"]
