"""A PostgreSQL of the machine's own, as the image of docker-compose.yaml would set it up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# PostgreSQL refuses to be root.
AS_NOBODY: Mapping[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if not os.getuid() else {}


def find_binaries() -> Path | None:
    """Return the folder of PostgreSQL's programs, which Debian keeps out of ``PATH``; None: there is none."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    newest_last = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return newest_last[-1].parent if newest_last else None


@contextmanager
def postgres(binaries: Path, port: int, user: str, password: str, log: Path) -> Iterator[None]:
    """Serve on 127.0.0.1, with one user who may do everything.

    :param binaries: the folder of PostgreSQL's programs
    :param log: where its output goes
    """
    # Not below pytest's temporary folder, which is root's alone where root runs the tests.
    with tempfile.TemporaryDirectory(prefix="postgres-") as home, log.open("ab") as output:
        data, secret = Path(home) / "data", Path(home) / "password"
        secret.write_text(password)
        if AS_NOBODY:
            for path in (home, secret):
                shutil.chown(path, AS_NOBODY["user"], AS_NOBODY["group"])
        command = [str(binaries / "initdb"), "--pgdata", str(data), "--username", user, "--pwfile", str(secret)]
        command += ["--auth", "scram-sha-256", "--no-sync"]
        subprocess.run(command, stdout=output, stderr=output, check=True, cwd=home, **AS_NOBODY)
        options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
        command = [str(binaries / "postgres"), "-D", str(data)]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        server = subprocess.Popen(command, stdout=output, stderr=output, cwd=home, **AS_NOBODY)
        try:
            yield
        finally:
            server.send_signal(signal.SIGINT)  # does not wait for clients
            server.wait(30)
