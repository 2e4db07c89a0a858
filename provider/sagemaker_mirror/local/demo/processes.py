"""Child processes that never outlive the demo, whatever they start themselves."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

STOP_GRACE = 5.0  # seconds between SIGTERM and SIGKILL


class ProcessDied(RuntimeError):
    """A child ended that should have gone on; the message ends with the last lines of its log."""


@dataclass
class Processes:
    """The children of the demo, by name.

    :param log_dir: folder of the log files, one per child: ``<name>.log``.
    """

    log_dir: Path
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start a child in a session of its own: Ctrl-C then reaches only the demo, which stops it in order.

        :param name: what the child is called in messages; also the name of its log file.
        :param command: program and arguments.
        :param env: the child's whole environment.
        """
        with self.log_path(name).open("ab") as log:
            self._children[name] = subprocess.Popen(  # noqa: S603 - commands are the demo's own
                command,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start a child and wait until it has ended.

        :raises ProcessDied: it ended with another code than 0.
        """
        self.start(name, command, env)
        if self._children.pop(name).wait() != 0:
            raise ProcessDied(self._obituary(name))

    def check(self) -> None:
        """Raise if a child has ended.

        :raises ProcessDied: with the name and the end of the log.
        """
        for name, child in self._children.items():
            if child.poll() is not None:
                raise ProcessDied(self._obituary(name))

    def log_path(self, name: str) -> Path:
        """Return where the child's output goes."""
        return self.log_dir / f"{name}.log"

    def stop(self, *names: str, grace: float = STOP_GRACE) -> None:
        """End children and all their descendants: SIGTERM first, SIGKILL later.

        :param names: which; none means all.
        :param grace: seconds between the two; 0 is SIGKILL at once, as where the machine is lost.
        """
        children = [self._children.pop(name) for name in names or tuple(self._children)]
        family: list[psutil.Process] = []
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(child.pid)
                family += [process, *process.children(recursive=True)]
        if grace:
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.terminate()
        _, alive = psutil.wait_procs(family, timeout=grace)
        # What was started while we looked is in the children's sessions still.
        sessions = {child.pid for child in children}
        for process in {*alive, *_of_sessions(sessions)}:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for child in children:
            child.wait()

    def _obituary(self, name: str) -> str:
        path = self.log_path(name)
        tail = path.read_text(errors="replace").splitlines()[-15:]
        return "\n".join([f"{name} ended unexpectedly; its log is {path}:", *tail])


def _of_sessions(sessions: set[int]) -> Iterator[psutil.Process]:
    """Yield the processes of these sessions, orphans of dead parents among them."""
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(process.pid) in sessions:
                yield process
