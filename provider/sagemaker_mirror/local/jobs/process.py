"""Run a command as a container runs its command: supervised, line by line into a log, and with an end to it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

LAUNCHER = Path(__file__).with_name("launcher.py")
LINE_LIMIT = 256 * 1024
"""Bytes of one log event in CloudWatch Logs; longer lines are cut into several."""
TAIL = 50
"""Lines of output that are kept for a failure's reason."""
TICK = 0.1
"""Seconds between looks at the stop event and the clock."""

Log = Callable[[str], None]


@dataclass(frozen=True)
class Command:
    """What to run, and how its root looks.

    :param argv: the program and its arguments
    :param env: its whole environment
    :param cwd: its working folder
    :param bind: folder that the launcher makes appear as ``/opt/ml``; None: something else does
    :param pass_fds: file descriptors that the program inherits
    :param old_kernel: without the system calls that proot doesn't know
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str = "/"
    bind: str | None = None
    pass_fds: tuple[int, ...] = ()
    old_kernel: bool = False


@dataclass(frozen=True)
class Limits:
    """What ends a command before it ends by itself.

    :param stop: set by whoever stops the job
    :param deadline: when to stop it, on the clock of :func:`time.monotonic`
    :param grace: seconds between SIGTERM and SIGKILL
    :param done: set by who has no more use for a command that goes on until it is told to stop
    """

    stop: threading.Event
    deadline: float | None = None
    grace: float = 120.0
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def over(self) -> Literal["stopped", "timed out"] | None:
        """Say which limit is reached, if one is."""
        if self.stop.is_set() or self.done.is_set():
            return "stopped"
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return "timed out"
        return None


@dataclass(frozen=True)
class Exit:
    """How a command ended.

    :param code: exit code; 128 + n where signal n ended it
    :param cause: by itself, because of the stop event, or because of the deadline
    :param tail: the last lines of its output
    """

    code: int
    cause: Literal["exited", "stopped", "timed out"] = "exited"
    tail: tuple[str, ...] = field(default=(), repr=False)


@contextmanager
def enforce(limits: Limits, order: IO[bytes]) -> Iterator[list[Literal["stopped", "timed out"]]]:
    """Close the launcher's standard input when a limit is reached, or on leaving; say in the list which it was."""
    reached: list[Literal["stopped", "timed out"]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(TICK):
            if (over := limits.over) is not None:
                reached.append(over)
                order.close()
                return

    watcher = threading.Thread(target=watch, name="job-limits", daemon=True)
    watcher.start()
    try:
        yield reached
    finally:
        done.set()
        watcher.join()
        order.close()


def run(command: Command, limits: Limits, log: Log) -> Exit:
    """Run a command to its end, or to a limit; when this returns or raises, none of its processes is left.

    :param command: what to run
    :param limits: what ends it early
    :param log: is given each line of output, standard output and standard error in one stream
    """
    if (over := limits.over) is not None:
        return Exit(code=143, cause=over)
    tail: deque[str] = deque(maxlen=TAIL)
    launcher = subprocess.Popen(  # noqa: S603 - running the user's command is the purpose
        [sys.executable, "-I", "-S", str(LAUNCHER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        pass_fds=command.pass_fds,
        start_new_session=True,  # a Ctrl-C in the terminal is for the server, which then stops its jobs
    )
    assert launcher.stdin is not None
    assert launcher.stdout is not None
    order = {
        "argv": list(command.argv),
        "env": dict(command.env),
        "cwd": command.cwd,
        "bind": command.bind,
        "old_kernel": command.old_kernel,
        "grace": limits.grace,
    }
    with launcher:
        launcher.stdin.write(json.dumps(order).encode() + b"\n")
        launcher.stdin.flush()
        with enforce(limits, launcher.stdin) as reached:
            while line := launcher.stdout.readline(LINE_LIMIT):
                text = line.decode(errors="replace").rstrip("\r\n")
                tail.append(text)
                log(text)
            code = launcher.wait()
    return Exit(code if code >= 0 else 128 - code, reached[0] if reached else "exited", tuple(tail))
