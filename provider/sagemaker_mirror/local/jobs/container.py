"""One job's container: its folders, its Python, its variables and its limits."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagemaker_mirror.local.jobs.data import Storage
from sagemaker_mirror.local.jobs.environment import base_environment
from sagemaker_mirror.local.jobs.interpreter import Interpreter
from sagemaker_mirror.local.jobs.launcher import ML
from sagemaker_mirror.local.jobs.outcome import REASON_LIMIT, JobError, JobOutcome, JobStopped, algorithm_error
from sagemaker_mirror.local.jobs.process import Command, Exit, Limits, Log, run
from sagemaker_mirror.local.jobs.root import PrivateRoot


@dataclass(frozen=True)
class Container:
    """Where a job runs.

    :param folder: everything the job has on disk
    :param root: the way to its private ``/opt/ml``
    :param interpreter: the Python it builds on
    :param storage: its way to S3
    :param limits: what ends it early
    :param log: is given each line of its output
    :param region: AWS region
    :param endpoint_url: of the embedded SageMaker
    """

    folder: Path
    root: PrivateRoot
    interpreter: Interpreter
    storage: Storage
    limits: Limits
    log: Log
    region: str
    endpoint_url: str

    @property
    def ml(self) -> Path:
        """What the job sees as ``/opt/ml``."""
        return self.folder / "ml"

    @property
    def home(self) -> Path:
        """The home of the job's user, and its temporary folder."""
        return self.folder / "home"

    def create(self) -> Container:
        """Make the folders that every container has, and its Python."""
        for folder in (self.home, self.ml / "input", self.ml / "model", self.ml / "output" / "data"):
            folder.mkdir(parents=True)
        self.interpreter.layer(self.folder / "python")
        return self

    def path(self, inside: str) -> Path:
        """Return the host's path of one inside the container.

        :raises JobError: ClientError, if it isn't below ``/opt/ml``
        """
        normal = posixpath.normpath(inside)
        if not normal.startswith(f"{ML}/"):
            raise JobError("ClientError", f"LocalPath {inside!r} isn't below {ML}.")
        return self.ml / normal.removeprefix(f"{ML}/")

    def command(self, argv: Sequence[str], variables: Mapping[str, str], cwd: str = "/") -> Command:
        """Return a command that runs in this container, with variables beside those that every container has."""
        base = base_environment(
            binaries=self.folder / "python" / "bin",
            home=self.home,
            region=self.region,
            endpoint_url=self.endpoint_url,
        )
        return Command(argv, {**base, **variables}, cwd)

    def run(self, argv: Sequence[str], variables: Mapping[str, str], cwd: str = "/") -> Exit:
        """Run a command in this container to its end."""
        return run(self.root.wrap(self.command(argv, variables, cwd), self.ml), self.limits, self.log)

    def install_requirements(self, code: str, variables: Mapping[str, str], *, package: bool = False) -> None:
        """Install what a code folder asks for, as the toolkits do.

        :param code: the folder, inside the container
        :param variables: of the container
        :param package: install the folder itself, too
        :raises JobError: AlgorithmError, if pip fails
        """
        wanted = [*([self.path(code) / "setup.py"] if package else []), self.path(code) / "requirements.txt"]
        if not any(file.is_file() for file in wanted):
            return
        argv = ["python", "-m", "pip", "install", *(["."] if package else [])]
        if wanted[-1].is_file():
            argv += ["-r", "requirements.txt"]
        end = self.run(argv, variables, code)
        if end.cause != "exited":
            raise JobStopped(self.outcome(end).secondary_status)
        if end.code != 0:
            raise JobError(
                "AlgorithmError", f"InstallRequirementsError: {' '.join(argv)} failed, exit code: {end.code}"
            )

    def read(self, inside: str) -> str:
        """Return the text of a file inside the container, or nothing if there is none."""
        file = self.path(inside)
        return file.read_text(errors="replace") if file.is_file() else ""

    def outcome(self, end: Exit, *, failure: str = "", **results: Any) -> JobOutcome:
        """Return what a job became when its main command ended.

        :param end: how it did
        :param failure: what to say of a failure if the job has written nothing into ``/opt/ml/output/failure``
        :param results: other fields of the outcome
        """
        if end.cause == "timed out":
            return JobOutcome("Stopped", secondary_status="MaxRuntimeExceeded", **results)
        if end.cause == "stopped":
            return JobOutcome("Stopped", **results)
        if end.code == 0:
            return JobOutcome("Completed", **results)
        text = self.read(f"{ML}/output/failure")[-REASON_LIMIT:] or failure
        return JobOutcome("Failed", algorithm_error(text, end.code), **results)
