"""Runs jobs, each in a container of its own, on this machine."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sagemaker_mirror.local.jobs.container import Container
from sagemaker_mirror.local.jobs.data import Storage
from sagemaker_mirror.local.jobs.interpreter import Interpreter
from sagemaker_mirror.local.jobs.outcome import JobError, JobOutcome, JobStopped
from sagemaker_mirror.local.jobs.process import Limits, Log
from sagemaker_mirror.local.jobs.processing import run_processing
from sagemaker_mirror.local.jobs.root import PrivateRoot, probe
from sagemaker_mirror.local.jobs.training import run_training
from sagemaker_mirror.local.jobs.transform import run_transform

STOP_GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL for a job that is stopped; SageMaker gives 120, who sits at a laptop won't."""


class JobRunner:
    """Runs processing, training and batch transform jobs here, with the contract of SageMaker's containers.

    Its methods block until the job has ended, and may be called from several threads; no process of a job
    outlives it, and nothing of it stays on disk.

    :param clients: returns a boto3 client of the embedded SageMaker for a service's name
    :param work_dir: where jobs have their folders while they run
    :param python: the interpreter that is ``python`` and ``python3`` for jobs; what they install doesn't change it
    :param stop_grace: seconds between SIGTERM and SIGKILL for a job that is stopped
    """

    def __init__(
        self,
        clients: Callable[[str], Any],
        work_dir: Path,
        python: str = sys.executable,
        *,
        stop_grace: float = STOP_GRACE,
    ) -> None:
        self.clients = clients
        self.work_dir = work_dir
        self.interpreter = Interpreter(python)
        self.stop_grace = stop_grace
        self._root: PrivateRoot | None = None
        self._probing = threading.Lock()

    @property
    def root(self) -> PrivateRoot:
        """The way in which jobs get a private ``/opt/ml``: probed once, when first asked for.

        :raises NoPrivateRootError: if none works on this machine
        """
        with self._probing:
            if self._root is None:
                self._root = probe()
            return self._root

    def run_processing(
        self, request: dict[str, Any], *, job_name: str, stop: threading.Event, log: Log
    ) -> JobOutcome:
        """Run a processing job to its end.

        :param request: the CreateProcessingJob request, with all references resolved
        :param job_name: name of the job
        :param stop: set it to stop the job
        :param log: is given each line of the job's output
        """
        limit = request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
        return self._run(partial(run_processing, request=request, job_name=job_name), job_name, limit, stop, log)

    def run_training(self, request: dict[str, Any], *, job_name: str, stop: threading.Event, log: Log) -> JobOutcome:
        """Run a training job to its end.

        :param request: the CreateTrainingJob request, with all references resolved
        :param job_name: name of the job
        :param stop: set it to stop the job
        :param log: is given each line of the job's output
        """
        limit = request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
        return self._run(partial(run_training, request=request, job_name=job_name), job_name, limit, stop, log)

    def run_transform(
        self, request: dict[str, Any], *, model: dict[str, Any], job_name: str, stop: threading.Event, log: Log
    ) -> JobOutcome:
        """Run a batch transform job to its end.

        :param request: the CreateTransformJob request, with all references resolved
        :param model: the model that the request names, as DescribeModel returns it
        :param job_name: name of the job
        :param stop: set it to stop the job
        :param log: is given each line of the model container's output
        """
        body = partial(run_transform, request=request, model=model, job_name=job_name)
        return self._run(body, job_name, None, stop, log)

    def _run(
        self,
        body: Callable[[Container], JobOutcome],
        job_name: str,
        limit: float | None,
        stop: threading.Event,
        log: Log,
    ) -> JobOutcome:
        """Give a job its container, and tell what became of it, whatever happens."""
        self.work_dir.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{job_name}-", dir=self.work_dir)).resolve()
        try:
            s3 = self.clients("s3")
            container = Container(
                folder=folder,
                root=self.root,
                interpreter=self.interpreter,
                storage=Storage(s3, stop),
                limits=Limits(stop, time.monotonic() + limit if limit else None, self.stop_grace),
                log=log,
                region=s3.meta.region_name,
                endpoint_url=s3.meta.endpoint_url,
            )
            log(f"The embedded SageMaker runs this job as a process of this machine; its /opt/ml: {self.root.name}.")
            with self.root.hold(container.ml, stop):
                return body(container.create())
        except JobStopped as stopped:
            return JobOutcome("Stopped", secondary_status=stopped.secondary_status)
        except JobError as error:
            log(str(error))
            return JobOutcome("Failed", str(error))
        except Exception as error:  # a job's thread ends here: what went wrong belongs into the job's own record
            log(traceback.format_exc())
            return JobOutcome("Failed", str(JobError("InternalServerError", repr(error))))
        finally:
            remove(folder)


def remove(folder: Path) -> None:
    """Remove a job's folder, read-only folders that it has made included."""
    for parent, children, _ in os.walk(folder):
        for child in children:
            if not (path := Path(parent, child)).is_symlink():
                path.chmod(0o700)
    shutil.rmtree(folder)
