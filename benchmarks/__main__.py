"""``python -m benchmarks [NAME…]``: all benchmarks, or those named; ``--list`` names them."""

from __future__ import annotations

import argparse
import pkgutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def names() -> list[str]:
    """The benchmarks there are, each of which runs as ``python -m benchmarks.NAME``."""
    found = (module.name for module in pkgutil.iter_modules([str(FOLDER)]))
    return sorted(name for name in found if name != "__main__")


def main() -> int:
    """Run benchmarks one after the other, each in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run all benchmarks, or those named.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names()))
    parser.add_argument("--list", action="store_true", help="print the names only")
    options = parser.parse_args()
    if options.list:
        print(*names(), sep="\n")
        return 0
    if unknown := set(options.names) - set(names()):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    failed = [name for name in options.names or names() if not _run(name)]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


def _run(name: str) -> bool:
    print(f"=== {name}", flush=True)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"benchmarks.{name}"], cwd=FOLDER.parent, check=False
    )
    print(flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
