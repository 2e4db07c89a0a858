"""Supervise one container: a script of its own, with nothing but the standard library.

Started as ``python -I -S launcher.py`` by :mod:`~sagemaker_mirror.local.jobs.process`, it reads one line of JSON from
its standard input: ``argv``, ``env`` and ``cwd`` of a command, ``grace`` in seconds, ``bind`` (the folder to see as
``/opt/ml``, or null) and ``old_kernel`` (:func:`look_like_an_old_kernel`). It starts the command, and does for its
processes what a container does: they share a private ``/opt/ml``, and when the first of them ends, or the standard
input is closed, none of them survives. The server closes it to stop the job, and the kernel closes it when the server
dies, so that nothing is left behind either way.

It is a process of its own because namespaces and subreapers belong to processes, and because Python forbids much
between fork and exec in a program with threads, as the server is.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

ML = "/opt/ml"
FAILED_TO_LAUNCH = 125  # the exit codes that Docker uses: 125 for itself, 126 and 127 for the command
TICK = 0.02  # seconds between looks at processes that were told to end

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000  # linux/sched.h
MS_BIND, MS_REC, MS_PRIVATE = 1 << 12, 1 << 14, 1 << 18  # linux/mount.h
PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 22, 36, 38  # linux/prctl.h
NEW_CALLS = {  # linux/audit.h, and statx, renameat2, openat2, faccessat2, fchmodat2 of asm/unistd.h
    "x86_64": (0xC000003E, 332, 316, 437, 439, 452),
    "aarch64": (0xC00000B7, 291, 276, 437, 439, 452),
}


# --------------------------------------------------------------------------------------------- a private /opt/ml


def call(function: str, *arguments: object) -> None:
    """Call a function of the C library.

    :raises OSError: when it says so
    """
    if getattr(ctypes.CDLL(None, use_errno=True), function)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{function}: {os.strerror(error)}")


def mount(source: str | None, target: str, filesystem: str | None, flags: int, data: str | None = None) -> None:
    """Mount a file system, or bind a folder."""
    texts = [text.encode() if text is not None else None for text in (source, target, filesystem, data)]
    call("mount", texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])


def enter_mount_namespace() -> None:
    """Leave the host's mounts: directly if allowed, else through a user namespace with the same user in it."""
    uid, gid = os.geteuid(), os.getegid()
    try:
        call("unshare", CLONE_NEWNS)
    except PermissionError:
        call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
        Path("/proc/self/setgroups").write_text("deny")  # user_namespaces(7): before gid_map can be written
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    mount(None, "/", None, MS_REC | MS_PRIVATE)


def cover(folder: str) -> None:
    """Put a writable file system over a folder, all that was in it bound back: now mount points can be made there."""
    children: list[tuple[str, int | None, str | bool]] = []
    for name in os.listdir(folder):  # noqa: PTH208 - names, not paths, are wanted
        path = f"{folder}/{name}"
        if Path(path).is_symlink():
            children.append((name, None, os.readlink(path)))  # noqa: PTH115 - the text as it is
        else:
            children.append((name, os.open(path, os.O_PATH | os.O_NOFOLLOW), Path(path).is_dir()))
    mount("tmpfs", folder, "tmpfs", 0, "mode=755")
    for name, descriptor, what in children:
        place = Path(folder, name)
        if descriptor is None:
            place.symlink_to(str(what))
            continue
        place.mkdir() if what else place.touch()
        mount(f"/proc/self/fd/{descriptor}", str(place), None, MS_BIND | MS_REC)
        os.close(descriptor)


def bind_private_ml(source: str) -> None:
    """Make a folder appear as ``/opt/ml``, for this process and its children only; the host's disk stays as it is."""
    enter_mount_namespace()
    descriptor = os.open(source, os.O_PATH)
    if not Path(ML).is_dir():
        cover(str(Path(ML).parent))
        Path(ML).unlink(missing_ok=True)  # a dangling link
        Path(ML).mkdir()
    mount(f"/proc/self/fd/{descriptor}", ML, None, MS_BIND | MS_REC)
    os.close(descriptor)


class FilterProgram(ctypes.Structure):
    """``struct sock_fprog`` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def look_like_an_old_kernel() -> None:
    """Let the system calls that proot doesn't translate fail as if there were none, so that libraries use older ones.

    Through them, programs would see the host's files instead of the job's: ``ls``, say, with statx(2).
    """
    architecture, *numbers = NEW_CALLS[os.uname().machine]
    load, equal, give_back = 0x20, 0x15, 0x06  # BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K
    program = [(load, 0, 0, 4), (equal, 0, len(numbers) + 1, architecture), (load, 0, 0, 0)]
    program += [(equal, len(numbers) - index, 0, number) for index, number in enumerate(numbers)]
    program += [
        (give_back, 0, 0, 0x7FFF0000),
        (give_back, 0, 0, 0x00050000 | errno.ENOSYS),
    ]  # SECCOMP_RET_ALLOW, _ERRNO
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *instruction) for instruction in program))
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    call("prctl", PR_SET_SECCOMP, 2, ctypes.byref(FilterProgram(len(program), ctypes.addressof(code))))


# ---------------------------------------------------------------------------------------------------- the processes


def adopt_orphans() -> None:
    """Become the parent of every descendant whose parent ends, so that none can leave the tree (Linux)."""
    if sys.platform == "linux":
        call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def spawn(argv: list[str], env: dict[str, str], cwd: str) -> int:
    """Start the command in a session of its own; return its process id."""
    child = os.fork()
    if child:
        return child
    code, concerned = 126, cwd
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(cwd)
        concerned = argv[0]
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and exec would hand that on
        os.execvpe(argv[0], argv, env)  # noqa: S606 - running the user's command is the purpose
    except OSError as error:
        print(f"{concerned}: {error.strerror}", file=sys.stderr, flush=True)  # noqa: T201 - goes to the job's log
        code = 127 if isinstance(error, FileNotFoundError) else 126
    finally:
        os._exit(code)


def parents() -> dict[int, int]:
    """Return the parent of each living process."""
    found = {}
    if sys.platform == "linux":
        for name in os.listdir("/proc"):  # noqa: PTH208 - names, not paths, are wanted
            if name.isdigit():
                try:
                    status = Path("/proc", name, "stat").read_text(errors="replace")
                except OSError:
                    continue  # ended meanwhile
                state, parent = status.rpartition(")")[2].split()[:2]
                if state not in "ZX":
                    found[int(name)] = int(parent)
        return found
    listing = subprocess.Popen(["ps", "-axo", "pid=,ppid=,stat="], stdout=subprocess.PIPE, text=True)  # noqa: S607
    for line in listing.communicate()[0].splitlines():
        pid, parent, state = line.split(maxsplit=2)
        if int(pid) != listing.pid and not state.startswith("Z"):
            found[int(pid)] = int(parent)
    return found


def descendants(ancestor: int) -> list[int]:
    """Return the living processes below one, whatever session or group they moved to."""
    below: dict[int, list[int]] = {}
    for pid, parent in parents().items():
        below.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        children = below.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def send(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to each process that is still there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def reap(main: int, code: int | None) -> int | None:
    """Collect ended children; return the exit code of the main one as a shell would give it, or None."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == main:
            ended = os.waitstatus_to_exitcode(status)
            code = ended if ended >= 0 else 128 - ended


def listen() -> int:
    """Return a file descriptor that gives the numbers of the signals that arrive from now on."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for name in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: None)  # only to be woken
    return woken


def supervise(main: int, woken: int, grace: float) -> int:
    """Wait for the main process, or for the order to stop; see to it that all are gone; return the exit code."""
    order = sys.stdin.fileno()
    watched, code, kill_at = [order, woken], None, None
    while True:
        ready, _, _ = select.select(watched, [], [], None if kill_at is None else TICK)
        received = os.read(woken, 4096) if woken in ready else b""
        code = reap(main, code)
        told = order in ready or signal.SIGTERM in received or signal.SIGINT in received
        if kill_at is None and code is not None:
            kill_at = time.monotonic()  # a container ends with its first process
        elif kill_at is None and told:
            kill_at = time.monotonic() + grace
            send(descendants(os.getpid()), signal.SIGTERM)
        if kill_at is None:
            continue
        watched = [woken]
        left = descendants(os.getpid())
        if not left and (code := reap(main, code)) is not None:
            return code
        if time.monotonic() >= kill_at:
            send(left, signal.SIGKILL)


def launch() -> int:
    """Do as the order on the standard input says; return the exit code."""
    order = json.loads(sys.stdin.buffer.readline())
    try:
        if order["bind"] is not None:
            bind_private_ml(order["bind"])
        if order["old_kernel"]:
            look_like_an_old_kernel()
        adopt_orphans()
    except OSError as error:
        print(f"No private {ML}: {error}", file=sys.stderr)  # noqa: T201 - goes to the job's log
        return FAILED_TO_LAUNCH
    woken = listen()  # before there is a child to end
    return supervise(spawn(order["argv"], order["env"], order["cwd"]), woken, order["grace"])


if __name__ == "__main__":
    sys.exit(launch())
