"""Puts a model's scripts into its archive. Runs in a training container, whose Python may be an old one."""

import shutil
import tarfile
from pathlib import Path

INPUT = Path("/opt/ml/input/data")
MODEL = Path("/opt/ml/model")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive; nothing may land outside of the folder."""
    with tarfile.open(str(archive), "r:gz") as packed:
        if hasattr(tarfile, "data_filter"):
            packed.extractall(str(folder), filter="data")
            return
        root = folder.resolve()
        for member in packed.getmembers():
            target = (root / member.name).resolve()
            inside = target == root or root in target.parents
            if not inside or not (member.isfile() or member.isdir()):
                raise ValueError(f"{member.name} does not belong into a model's archive")
            packed.extract(member, str(root))


def main() -> None:
    """Save the model as it was trained, with the scripts under ``code/``."""
    unpack(INPUT / "model" / "model.tar.gz", MODEL)
    code = MODEL / "code"
    shutil.rmtree(str(code), ignore_errors=True)
    code.mkdir(parents=True)
    unpack(INPUT / "source" / "sourcedir.tar.gz", code)


if __name__ == "__main__":
    main()
