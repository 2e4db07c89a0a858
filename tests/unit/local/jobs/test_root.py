from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sagemaker_mirror.local.jobs import launcher
from sagemaker_mirror.local.jobs.outcome import JobStopped
from sagemaker_mirror.local.jobs.process import Command, Limits, run
from sagemaker_mirror.local.jobs.root import (
    ML,
    Bubblewrap,
    Link,
    MountNamespace,
    NoPrivateRootError,
    PrivateRoot,
    Proot,
    probe,
)

NOBODY = 65534
linux = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")


@pytest.fixture(params=[MountNamespace, Bubblewrap, Proot])
def way(request: pytest.FixtureRequest) -> PrivateRoot:
    """Each way in which two jobs can run at once."""
    root: PrivateRoot = request.param()
    executable = getattr(root, "executable", None)
    if executable is not None and shutil.which(executable) is None:
        pytest.skip(f"{executable} isn't installed")
    return root


@linux
def test_every_way_works_here(way: PrivateRoot) -> None:
    assert way.problem() is None


@linux
def test_two_commands_at_once_see_their_own(way: PrivateRoot, tmp_path: Path, path: dict[str, str]) -> None:
    both_are_there = threading.Barrier(3)
    seen: dict[str, list[str]] = {"one": [], "two": []}

    def command(name: str) -> None:
        def log(line: str) -> None:
            seen[name].append(line)
            if line == "ready":
                both_are_there.wait()

        ml = tmp_path / name / "ml"
        ml.mkdir(parents=True)
        os.mkfifo(ml / "gate")
        script = f"echo {name} > {ML}/name; echo ready; read x < {ML}/gate; cat {ML}/name; ls {ML}"
        run(way.wrap(Command(["/bin/sh", "-c", script], path), ml), Limits(threading.Event()), log)

    threads = [threading.Thread(target=command, args=(name,)) for name in seen]
    for thread in threads:
        thread.start()
    both_are_there.wait()
    for name in seen:
        tmp_path.joinpath(name, "ml", "gate").write_text("go\n")
    for thread in threads:
        thread.join()
    assert seen == {name: ["ready", name, "gate", "name"] for name in seen}


@linux
def test_the_rest_of_the_machine_is_as_it_was(way: PrivateRoot, tmp_path: Path, path: dict[str, str]) -> None:
    before = {child.name: child.lstat().st_ino for child in Path("/opt").iterdir()}
    listing: list[str] = []
    script = f"cat {tmp_path}/file; for child in /opt/*; do [ -e $child ] && echo $child; done; ls /usr > /dev/null"
    tmp_path.joinpath("file").write_text("outside\n")
    ml = tmp_path / "ml"
    ml.mkdir()
    end = run(way.wrap(Command(["/bin/sh", "-c", script], path), ml), Limits(threading.Event()), listing.append)
    visible = {f"/opt/{name}" for name in before if not name.startswith(".") and Path("/opt", name).exists()}
    assert end.code == 0
    assert listing[0] == "outside"
    assert visible <= set(listing)
    assert {child.name: child.lstat().st_ino for child in Path("/opt").iterdir()} == before


@linux
def test_a_command_starts_in_a_folder_of_its_own(way: PrivateRoot, tmp_path: Path, path: dict[str, str]) -> None:
    ml = tmp_path / "ml"
    ml.joinpath("code").mkdir(parents=True)
    lines: list[str] = []
    command = Command(["/bin/sh", "-c", "pwd; exit 3"], path, cwd=f"{ML}/code")
    assert run(way.wrap(command, ml), Limits(threading.Event()), lines.append).code == 3
    assert lines == [f"{ML}/code"]


@linux
def test_a_command_can_take_its_leave(way: PrivateRoot, tmp_path: Path, path: dict[str, str]) -> None:
    ml = tmp_path / "ml"
    ml.mkdir()
    stop = threading.Event()

    def log(line: str) -> None:
        if line == "ready":  # proot has something to say of its own
            stop.set()

    script = f"trap 'echo bye > {ML}/message; exit 0' TERM; echo ready; sleep 1000 & wait"
    end = run(way.wrap(Command(["/bin/sh", "-c", script], path), ml), Limits(stop, grace=30), log)
    assert end.cause == "stopped"
    assert ml.joinpath("message").read_text() == "bye\n"


def ordinary_python() -> str | None:
    """A Python that an ordinary user may execute."""
    for python in (sys.executable, shutil.which("python3", path="/usr/bin:/usr/local/bin")):
        if python is not None:
            user = NOBODY if os.geteuid() == 0 else None
            try:
                subprocess.run([python, "-I", "-S", "-c", ""], user=user, check=True, cwd="/")
            except (PermissionError, subprocess.CalledProcessError):
                continue
            return python
    return None


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can read and write."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@linux
@pytest.mark.skipif(ordinary_python() is None, reason="no Python that an ordinary user may execute")
def test_the_namespace_works_for_an_ordinary_user(open_folder: Path) -> None:
    python = ordinary_python()
    assert python is not None
    script = Path(shutil.copy(launcher.__file__, open_folder))
    script.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
    ml = open_folder / "ml"
    ml.mkdir()
    ml.chmod(0o777)
    order = {
        "argv": ["/bin/sh", "-c", f"id -u; id -u > {ML}/user; ls /opt"],
        "env": {"PATH": os.defpath},
        "cwd": "/",
        "bind": str(ml),
        "old_kernel": False,
        "grace": 1,
    }
    process = subprocess.Popen(
        [python, "-I", "-S", str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        user=NOBODY if os.geteuid() == 0 else None,
        group=NOBODY if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
        cwd="/",
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        user, *listing = process.stdout.read().splitlines()
    uid = NOBODY if os.geteuid() == 0 else os.geteuid()
    assert (process.returncode, user) == (0, str(uid))
    assert ml.joinpath("user").read_text() == f"{uid}\n"
    assert ml.joinpath("user").stat().st_uid == uid
    assert {"ml", *(child.name for child in Path("/opt").iterdir() if not child.name.startswith("."))} == set(listing)


def test_a_link_is_there_while_it_is_held(tmp_path: Path) -> None:
    link = Link(tmp_path / "ml")
    assert link.problem() is None
    with link.hold(tmp_path / "job", threading.Event()):
        assert link.path.readlink() == tmp_path / "job"
    assert not link.path.is_symlink()


def test_a_link_is_for_one_job_at_a_time(tmp_path: Path) -> None:
    link = Link(tmp_path / "ml")
    first_is_done, second_has_it = threading.Event(), threading.Event()

    def second() -> None:
        with link.hold(tmp_path / "second", threading.Event()):
            assert first_is_done.is_set()
            assert link.path.readlink() == tmp_path / "second"
            second_has_it.set()

    with link.hold(tmp_path / "first", threading.Event()):
        thread = threading.Thread(target=second)
        thread.start()
        stopped = threading.Event()
        stopped.set()
        with pytest.raises(JobStopped), link.hold(tmp_path / "third", stopped):
            pytest.fail("the first still has it")
        assert link.path.readlink() == tmp_path / "first"
        first_is_done.set()
    thread.join()
    assert second_has_it.is_set()


def test_a_link_that_a_killed_server_left_is_replaced(tmp_path: Path) -> None:
    link = Link(tmp_path / "ml")
    link.path.symlink_to(tmp_path / "gone")
    assert link.problem() is None
    with link.hold(tmp_path / "job", threading.Event()):
        assert link.path.readlink() == tmp_path / "job"


def test_a_real_folder_is_never_touched(tmp_path: Path) -> None:
    link = Link(tmp_path / "ml")
    link.path.mkdir()
    assert link.problem() == f"{tmp_path}/ml exists and isn't a link"


class Broken(Link):
    name = "broken"

    def problem(self) -> str | None:
        return "it broke"


class Working(Link):
    name = "working"

    def problem(self) -> str | None:
        return None


def test_the_first_way_that_works_is_taken() -> None:
    assert probe([Broken, Working, Link]).name == "working"


def test_where_nothing_works_all_that_was_tried_is_told() -> None:
    with pytest.raises(NoPrivateRootError, match=r"broken: it broke; symbolic link .*: .*") as caught:

        class NoLink(Link):
            def problem(self) -> str | None:
                return "read-only"

        probe([Broken, NoLink])
    assert "/opt/ml" in str(caught.value)
