"""A PostgreSQL of the machine's own, as the image of docker-compose.yaml would set it up."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sagemaker_mirror.local.demo.environment import free_port
from tests.required import require

_SERVES_WITHIN = 60.0  # seconds
_USER = "airflow"
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


@contextmanager
def airflow_database(folder: Path) -> Iterator[str]:
    """Serve an empty database, and give its address; a test that wants it is skipped where there is no PostgreSQL.

    On SQLite, Airflow's scheduler ends where many runs begin at once: its API server then waits for itself.

    :param folder: where its log goes
    """
    binaries = find_binaries()
    require(binaries is not None, "PostgreSQL is not installed (Debian: apt install postgresql)", "SERVICES_REQUIRED")
    assert binaries is not None
    port, password = free_port(0), secrets.token_hex(16)
    with postgres(binaries, port, _USER, password, folder / "postgres.log"):
        _wait_until_it_serves(binaries, port)
        yield f"postgresql+psycopg2://{_USER}:{password}@127.0.0.1:{port}/postgres"


def _wait_until_it_serves(binaries: Path, port: int) -> None:
    deadline = time.monotonic() + _SERVES_WITHIN
    command = [binaries / "pg_isready", "--quiet", "--host", "127.0.0.1", "--port", str(port)]
    while subprocess.run(command, check=False).returncode != 0:
        assert time.monotonic() < deadline, "PostgreSQL does not serve"
        time.sleep(0.2)
