"""A private ``/opt/ml`` for each job.

SageMaker's containers, and so people's scripts, know that path by heart; two jobs at once must each see theirs.
There are several ways to that, none of which works everywhere. :func:`probe` tries them in the order of their worth,
by doing it, and the first that works is used from then on.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sagemaker_mirror.local.jobs.launcher import ML
from sagemaker_mirror.local.jobs.outcome import JobStopped
from sagemaker_mirror.local.jobs.process import TICK, Command, Limits, run

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TRIAL = 10.0
"""Seconds that a trial may take."""


class NoPrivateRootError(RuntimeError):
    """No way to a private ``/opt/ml`` works on this machine.

    :param problems: what became of each way
    """

    def __init__(self, problems: dict[str, str]) -> None:
        tried = "; ".join(f"{name}: {problem}" for name, problem in problems.items())
        super().__init__(
            f"No way to give a job its own {ML} works here: allow user namespaces, or install proot ({tried})."
        )


class PrivateRoot(ABC):
    """A way to let a command see a folder as ``/opt/ml``."""

    name: str
    """What it is called in logs."""

    concurrent = True
    """Whether two jobs can have it at once."""

    @abstractmethod
    def wrap(self, command: Command, ml: Path) -> Command:
        """Return the command that runs a command with a folder as its ``/opt/ml``."""

    @contextmanager
    def hold(self, ml: Path, stop: threading.Event) -> Iterator[None]:
        """Keep the folder at ``/opt/ml`` while a job runs. Most ways need nothing for it."""
        yield

    def problem(self) -> str | None:
        """Try it; return why it doesn't work here, or None."""
        with tempfile.TemporaryDirectory(prefix="opt-ml-") as folder:
            ml = Path(folder, "ml")
            ml.mkdir()
            question, answer, said = ml / "question", ml / "answer", list[str]()
            question.touch()
            script = f"ls {ML}/{question.name} && : > {ML}/{answer.name}"
            command = self.wrap(Command(["/bin/sh", "-c", script], {"PATH": SYSTEM_PATH}), ml)
            end = run(command, Limits(threading.Event(), time.monotonic() + TRIAL, grace=0), said.append)
            if end.code == 0 and answer.exists():
                return None
            return " ".join(said) or f"exit code {end.code}"


class MountNamespace(PrivateRoot):
    """The launcher binds the folder in a mount namespace (Linux; as root, or where user namespaces are allowed)."""

    name = "mount namespace"

    def wrap(self, command: Command, ml: Path) -> Command:
        """Let the launcher do it."""
        return replace(command, bind=str(ml))


class Tool(PrivateRoot):
    """A program that runs another one in a changed file system."""

    old_kernel = False
    """Whether it knows only the system calls of older kernels."""

    def problem(self) -> str | None:
        """Look for the program, then try it."""
        if shutil.which(self.executable) is None:
            return "not installed"
        return super().problem()

    @property
    @abstractmethod
    def executable(self) -> str:
        """The program."""

    @abstractmethod
    def options(self, ml: Path, cwd: str) -> Sequence[str]:
        """What makes it show the folder, and start in one of those that can then be seen."""

    def wrap(self, command: Command, ml: Path) -> Command:
        """Put the program before the command."""
        program = shutil.which(self.executable) or self.executable
        argv = [program, *self.options(ml, command.cwd), *command.argv]
        return replace(command, argv=argv, cwd="/", old_kernel=self.old_kernel)


class Bubblewrap(Tool):
    """``bwrap``, which is set-uid root where user namespaces are only for it."""

    name = "bubblewrap"
    executable = "bwrap"

    def options(self, ml: Path, cwd: str) -> Sequence[str]:
        """Show the host as it is, with a ``/opt`` whose children are the host's, where it has no ``/opt/ml``."""
        options = ["--dev-bind", "/", "/"]
        parent = Path(ML).parent
        if not Path(ML).is_dir():
            options += ["--tmpfs", str(parent)]
            for child in sorted(parent.iterdir()) if parent.is_dir() else ():
                if child.is_symlink() and child != Path(ML):
                    options += ["--symlink", str(child.readlink()), str(child)]
                elif not child.is_symlink():
                    options += ["--dev-bind", str(child), str(child)]
        return [*options, "--bind", str(ml), ML, "--chdir", cwd, "--"]


class Proot(Tool):
    """``proot``, which rewrites system calls with ptrace: slow, but it works in an ordinary container."""

    name = "proot"
    executable = "proot"
    old_kernel = True

    def options(self, ml: Path, cwd: str) -> Sequence[str]:
        """Show the host as it is, with an ``/opt`` of the job's own, where the host has no ``/opt/ml``."""
        if Path(ML).is_dir():
            return ["-w", cwd, "-b", f"{ml}:{ML}"]
        # Left to itself, proot would make /opt/ml on the host's disk, and remove it while another job is using it.
        parent, own = Path(ML).parent, ml.with_name("opt")
        own.joinpath(Path(ML).name).mkdir(parents=True, exist_ok=True)
        options = ["-w", cwd, "-b", f"{own}:{parent}"]
        for child in sorted(parent.iterdir()) if parent.is_dir() else ():
            if child != Path(ML):
                place = own / child.name
                place.mkdir(exist_ok=True) if child.is_dir() else place.touch()
                options += ["-b", f"{child}:{child}"]
        return [*options, "-b", f"{ml}:{ML}"]


class Link(PrivateRoot):
    """A symbolic link on the host's disk, and a lock: one job at a time, where ``/opt`` can be written (macOS)."""

    name = "symbolic link (one job at a time)"
    concurrent = False

    def __init__(self, path: Path = Path(ML)) -> None:
        self.path = path
        self.lock = path.with_name(f".{path.name}.lock")

    def wrap(self, command: Command, ml: Path) -> Command:
        """Leave the command as it is."""
        return command

    def problem(self) -> str | None:
        """Look whether the link could be made; it isn't, since another server's job may have it."""
        if self.path.exists() and not self.path.is_symlink():
            return f"{self.path} exists and isn't a link"
        try:
            self.lock.touch()
        except OSError as error:
            return f"{self.lock}: {error.strerror}"
        return None

    @contextmanager
    def hold(self, ml: Path, stop: threading.Event) -> Iterator[None]:
        """Wait for other jobs, of other servers too, then make the link; remove it at the end.

        :raises JobStopped: if the job was stopped while it waited
        """
        with self.lock.open("w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if stop.wait(TICK):
                        raise JobStopped from None
            self.path.unlink(missing_ok=True)  # of a server that was killed
            self.path.symlink_to(ml)
            try:
                yield
            finally:
                self.path.unlink()


WAYS: tuple[type[PrivateRoot], ...] = (MountNamespace, Bubblewrap, Proot, Link)


def probe(ways: Sequence[type[PrivateRoot]] = WAYS) -> PrivateRoot:
    """Return the best way that works on this machine.

    :param ways: what to try, best first
    :raises NoPrivateRootError: if none works
    """
    problems: dict[str, str] = {}
    for way in ways:
        root = way()
        problem = root.problem()
        if problem is None:
            return root
        problems[root.name] = problem
    raise NoPrivateRootError(problems)
