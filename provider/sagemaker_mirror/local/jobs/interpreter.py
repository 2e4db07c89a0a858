"""The Python of a job: a virtual environment, thrown away with it, over the interpreter that the server was given.

What that interpreter has installed is there, as it is in the image of a container, and counts as satisfied for pip;
what the job installs, from its ``requirements.txt`` or by calling pip itself, goes into its own layer, and the
server's packages stay as they were.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

QUESTION = """
import importlib.util, json, site, sys
folders = site.getsitepackages() + ([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])
print(json.dumps({
    "site": [folder for folder in folders if folder in sys.path],
    "pip": importlib.util.find_spec("pip") is not None,
    "version": "%d.%d" % sys.version_info[:2],
}))
"""
PIP = """#!/bin/sh
exec "$(dirname "$0")/python" -m pip "$@"
"""
PTH = "sagemaker_mirror_layer.pth"


@dataclass(frozen=True)
class Traits:
    """What there is to know of an interpreter.

    :param site: its folders of installed packages
    :param pip: whether pip is one of them
    :param version: ``3.12``, say
    """

    site: tuple[str, ...]
    pip: bool
    version: str


class Interpreter:
    """The interpreter that jobs build on.

    :param executable: path of a Python, in a virtual environment or not
    """

    def __init__(self, executable: str) -> None:
        self.executable = executable

    @cached_property
    def traits(self) -> Traits:
        """Ask the interpreter, once."""
        answer = subprocess.run(  # noqa: S603 - the interpreter that the user gave
            [self.executable, "-c", QUESTION], check=True, capture_output=True, text=True
        )
        traits = json.loads(answer.stdout)
        return Traits(tuple(traits["site"]), traits["pip"], traits["version"])

    def layer(self, folder: Path) -> Path:
        """Make a virtual environment over this interpreter; return its ``bin``, which has ``python`` and ``pip``.

        :param folder: where; must not exist
        """
        options = ["--without-pip"] if self.traits.pip else []
        subprocess.run([self.executable, "-m", "venv", *options, str(folder)], check=True)  # noqa: S603 - as above
        # Not bare paths: the .pth files of the packages below count, too.
        lines = ["import site", *(f"site.addsitedir({path!r})" for path in self.traits.site)]
        site_packages = next(folder.glob("lib/*/site-packages"))
        site_packages.joinpath(PTH).write_text("; ".join(lines) + "\n")
        binaries = folder / "bin"
        if self.traits.pip:
            # Otherwise a script's "pip install" would find another one further along the path, with its packages.
            for name in ("pip", "pip3", f"pip{self.traits.version}"):
                binaries.joinpath(name).write_text(PIP)
                binaries.joinpath(name).chmod(0o755)
        return binaries
