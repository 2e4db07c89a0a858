from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from sagemaker_mirror.local.jobs.process import LINE_LIMIT, Command, Limits, run

PATIENCE = 30.0


class Output(list[str]):
    """Lines of a command; sets an event when one of them is said."""

    def __init__(self, word: str | None = None, event: threading.Event | None = None) -> None:
        super().__init__()
        self.word, self.event = word, event

    def __call__(self, line: str) -> None:
        self.append(line)
        if line == self.word and self.event is not None:
            self.event.set()


def shell(script: str, path: dict[str, str]) -> Command:
    return Command(["/bin/sh", "-c", script], path)


def is_gone(pid: int) -> bool:
    """Whether a process has ended, or ends soon."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], PATIENCE)[0])
    finally:
        os.close(descriptor)


def test_lines_of_both_streams_arrive_in_order(path: dict[str, str]) -> None:
    output = Output()
    end = run(
        shell("echo one; echo two >&2; printf 'dr\\303\\244i\\r\\nfour'", path), Limits(threading.Event()), output
    )
    assert output == ["one", "two", "dräi", "four"]
    assert (end.code, end.cause, end.tail) == (0, "exited", ("one", "two", "dräi", "four"))


def test_a_line_is_at_most_one_log_event() -> None:
    output = Output()
    script = f"import sys; sys.stdout.write('x' * {LINE_LIMIT + 10})"
    run(Command([sys.executable, "-c", script], {}), Limits(threading.Event()), output)
    assert [len(line) for line in output] == [LINE_LIMIT, 10]


def test_bytes_that_are_no_text_are_no_trouble(path: dict[str, str]) -> None:
    output = Output()
    run(shell("printf 'a\\377b'", path), Limits(threading.Event()), output)
    assert output == ["a\N{REPLACEMENT CHARACTER}b"]


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["/bin/sh", "-c", "exit 3"], 3),
        (["/bin/sh", "-c", "kill -9 $$"], 137),
        (["no-such-command"], 127),
        (["/"], 126),
    ],
)
def test_exit_codes_are_those_of_a_container(argv: list[str], code: int, path: dict[str, str]) -> None:
    assert run(Command(argv, path), Limits(threading.Event()), Output()).code == code


def test_the_command_has_its_own_environment_and_folder_and_no_input(tmp_path) -> None:
    output = Output()
    script = "import json, os, sys; print(json.dumps([dict(os.environ), os.getcwd(), sys.stdin.read()]))"
    command = Command([sys.executable, "-I", "-c", script], {"GREETING": "hello"}, cwd=str(tmp_path))
    run(command, Limits(threading.Event()), output)
    variables, cwd, text = json.loads(output[0])
    assert {name: value for name, value in variables.items() if not name.startswith("LC_")} == {"GREETING": "hello"}
    assert (cwd, text) == (str(tmp_path), "")


def test_stop_asks_the_whole_tree_first(path: dict[str, str]) -> None:
    stop = threading.Event()
    output = Output("ready", stop)
    child = "trap 'echo child; exit 0' TERM; echo ready; sleep 1000 & wait"
    script = f"trap 'wait; echo parent; exit 5' TERM; setsid sh -c \"{child}\" & wait"
    end = run(shell(script, path), Limits(stop, grace=PATIENCE), output)
    assert sorted(output) == ["child", "parent", "ready"]
    assert (end.code, end.cause) == (5, "stopped")


def test_stop_kills_who_does_not_listen(path: dict[str, str]) -> None:
    stop = threading.Event()
    output = Output("ready", stop)
    script = "trap '' TERM; setsid sleep 1000 & echo $!; echo ready; wait"
    end = run(shell(script, path), Limits(stop, grace=0.1), output)
    assert (end.code, end.cause) == (137, "stopped")
    assert is_gone(int(output[0]))


def test_what_is_left_behind_ends_with_the_command(path: dict[str, str]) -> None:
    output = Output()
    # Twice forked, in a session of its own, and without its parent: a daemon.
    daemon = "setsid sh -c 'trap \"\" TERM HUP; sleep 1000 & echo $!; wait' > pid & read x < started; exit 0"
    script = f"cd $(mktemp -d); mkfifo started; ({daemon}) & until [ -s pid ]; do :; done; cat pid; rm -r $PWD"
    end = run(shell(script, path), Limits(threading.Event()), output)
    assert (end.code, end.cause) == (0, "exited")
    assert is_gone(int(output[0]))


def test_a_deadline_stops_it(path: dict[str, str]) -> None:
    end = run(shell("sleep 1000", path), Limits(threading.Event(), time.monotonic() + 0.3), Output())
    assert (end.code, end.cause) == (143, "timed out")


def test_what_is_stopped_already_does_not_start(tmp_path) -> None:
    stop = threading.Event()
    stop.set()
    end = run(Command(["/bin/sh", "-c", f": > {tmp_path}/ran"], {}), Limits(stop), Output())
    assert end.cause == "stopped"
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_fails_ends_the_command(path: dict[str, str]) -> None:
    pids = []

    def log(line: str) -> None:
        pids.append(int(line))
        raise ConnectionError("no more logs")

    with pytest.raises(ConnectionError, match="no more logs"):
        run(shell("echo $$; exec sleep 1000", path), Limits(threading.Event(), grace=1), log)
    assert is_gone(pids[0])


@pytest.mark.skipif(sys.platform != "linux", reason="waits for a process that is no child of its own")
def test_a_server_that_is_killed_leaves_nothing_behind() -> None:
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent("""
                import threading
                from sagemaker_mirror.local.jobs.process import Command, Limits, run
                script = "trap '' HUP; setsid sleep 1000 & echo $!; wait"
                command = Command(["/bin/sh", "-c", script], {"PATH": "/usr/bin:/bin"})
                run(command, Limits(threading.Event(), grace=0.1), lambda line: print(line, flush=True))
            """),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        server.send_signal(signal.SIGKILL)
    assert is_gone(pid)
