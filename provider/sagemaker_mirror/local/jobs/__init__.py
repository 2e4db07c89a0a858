"""Jobs of the embedded SageMaker, as real processes of this machine.

:class:`JobRunner` runs processing, training and batch transform jobs with the contract of SageMaker's containers:
a private ``/opt/ml``, inputs from S3 and outputs to S3, the variables of the toolkits, exit code and failure file.
"""

from __future__ import annotations

from sagemaker_mirror.local.jobs.outcome import JobOutcome
from sagemaker_mirror.local.jobs.root import NoPrivateRootError
from sagemaker_mirror.local.jobs.runner import JobRunner

__all__ = ["JobOutcome", "JobRunner", "NoPrivateRootError"]
