from __future__ import annotations

import gzip
import io
import os
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from sagemaker_mirror.compiler.bundle import Bundle, BundleError
from sagemaker_mirror.compiler.ignore import IgnoreRules


def write(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n")
    return root


def packed(bundle: Bundle) -> bytes:
    file = io.BytesIO()
    bundle.write(file)
    return file.getvalue()


def names(folder: Path) -> list[str]:
    return [file.name for file in Bundle.read(folder).files]


def test_the_archive_holds_the_files_at_its_root(tmp_path):
    write(tmp_path, "train.py", "a/b.py", "a/c.py")

    with tarfile.open(fileobj=io.BytesIO(packed(Bundle.read(tmp_path)))) as archive:
        members = archive.getmembers()
        contents = [archive.extractfile(member).read() for member in members]

    assert [member.name for member in members] == ["a/b.py", "a/c.py", "train.py"]
    assert contents == [b"# a/b.py\n", b"# a/c.py\n", b"# train.py\n"]
    assert {(m.mode, m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members} == {(0o755, 315532800, 0, 0, "", "")}


def test_the_same_files_give_the_same_bytes(tmp_path):
    first, second = write(tmp_path / "first", "b.py", "a.py"), write(tmp_path / "second", "a.py", "b.py")
    os.utime(second / "a.py", (1, 1))
    (second / "b.py").chmod(0o700)

    one, other = Bundle.read(first), Bundle.read(second)

    assert one.sha256 == other.sha256
    assert packed(one) == packed(other)
    assert packed(one)[4:8] == b"\0\0\0\0"  # gzip's time stamp


def test_every_name_and_byte_counts(tmp_path):
    write(tmp_path, "a.py")
    hashes = [Bundle.read(tmp_path).sha256]
    (tmp_path / "a.py").write_text("other")
    hashes.append(Bundle.read(tmp_path).sha256)
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    hashes.append(Bundle.read(tmp_path).sha256)
    write(tmp_path, "c.py")
    hashes.append(Bundle.read(tmp_path).sha256)

    assert len(set(hashes)) == 4


def test_names_of_any_kind(tmp_path):
    long = f"{'d' * 120}/{'f' * 120}.py"
    write(tmp_path, "ü ñ.py", long)

    with tarfile.open(fileobj=io.BytesIO(packed(Bundle.read(tmp_path)))) as archive:
        assert archive.getnames() == [long, "ü ñ.py"]


def test_what_no_job_needs_stays_out(tmp_path):
    write(
        tmp_path,
        "train.py",
        ".git/HEAD",
        "a/__pycache__/x.pyc",
        "a/y.pyc",
        ".venv/bin/python",
        ".sagemakerignore",
        "a/.hidden",
    )
    (tmp_path / ".sagemakerignore").write_text("")

    assert names(tmp_path) == ["a/.hidden", "train.py"]


def test_the_ignore_file(tmp_path):
    write(tmp_path, "train.py", "data/big.csv", "data/small.csv", "notes/a.md", "deep/notes/b.md", "docs/data/c.csv")
    (tmp_path / ".sagemakerignore").write_text("# not for jobs\n\n/data/*.csv\n!data/small.csv\nnotes/\n")

    assert names(tmp_path) == ["data/small.csv", "docs/data/c.csv", "train.py"]


@pytest.mark.parametrize(
    ("pattern", "path", "ignored"),
    [
        ("*.csv", "a/b/c.csv", True),
        ("a/*.csv", "a/b/c.csv", False),
        ("a/**/c.csv", "a/c.csv", True),
        ("a/**/c.csv", "a/x/y/c.csv", True),
        ("**/b.py", "b.py", True),
        ("a/**", "a/x/y", True),
        ("a?.py", "ab.py", True),
        ("a?.py", "a/.py", False),
        ("[ab].py", "b.py", True),
        ("[!ab].py", "b.py", False),
        ("[!ab].py", "c.py", True),
        (r"\#a", "#a", True),
        (r"\!a", "!a", True),
        ("a+b", "a+b", True),
        ("folder/", "folder", False),
        ("name", "x/name", True),
        ("/name", "x/name", False),
    ],
)
def test_ignore_patterns(pattern, path, ignored):
    assert IgnoreRules.parse([pattern]).ignores(path, is_directory=False) is ignored


def test_an_ignore_pattern_that_makes_no_sense(tmp_path):
    write(tmp_path, "train.py")
    (tmp_path / ".sagemakerignore").write_text("[z-a]\n")

    with pytest.raises(BundleError, match="has a pattern that can't be read"):
        Bundle.read(tmp_path)


def test_links_inside_are_replaced_by_what_they_lead_to(tmp_path):
    write(tmp_path, "shared/common.py", "train.py")
    (tmp_path / "common.py").symlink_to("shared/common.py")
    (tmp_path / "again").symlink_to(tmp_path / "shared")

    assert names(tmp_path) == ["again/common.py", "common.py", "shared/common.py", "train.py"]


@pytest.mark.parametrize(
    ("name", "target", "message"),
    [
        ("a.py", "../outside.py", "leaves the source folder"),
        ("a.py", "nowhere.py", "leads nowhere"),
        ("a.py", "a.py", "leads nowhere"),
        ("sub/up", "..", "a folder that it lies in"),
        ("up", "../..", "leaves the source folder"),
    ],
)
def test_links_that_are_refused(tmp_path, name, target, message):
    write(tmp_path, "outside.py")
    source = write(tmp_path / "source", "sub/train.py")
    (source / name).symlink_to(target)

    with pytest.raises(BundleError, match=message):
        Bundle.read(source)


def test_an_ignored_link_may_lead_anywhere(tmp_path):
    source = write(tmp_path / "source", "train.py")
    (source / ".venv").symlink_to("/usr")

    assert names(source) == ["train.py"]


def test_neither_file_nor_folder(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(BundleError, match="neither a file nor a folder"):
        Bundle.read(tmp_path)


def test_no_folder(tmp_path):
    with pytest.raises(BundleError, match="is no folder"):
        Bundle.read(tmp_path / "gone")


@pytest.mark.parametrize("content", ["", "shorter", "much longer than it was before", "# changed\n"])
def test_a_file_that_changes_on_the_way(tmp_path, content):
    write(tmp_path, "train.py")
    bundle = Bundle.read(tmp_path)
    (tmp_path / "train.py").write_text(content)

    with pytest.raises(BundleError, match="was changed"):
        bundle.write(io.BytesIO())
    with pytest.raises(BundleError, match="was changed"):
        bundle.files[0].write(io.BytesIO())


def test_memory_does_not_grow_with_the_folder(tmp_path):
    with (tmp_path / "big.bin").open("wb") as file:
        file.truncate(64 << 20)

    tracemalloc.start()
    bundle = Bundle.read(tmp_path)
    with (tmp_path.parent / f"{tmp_path.name}.tar.gz").open("wb") as file:
        bundle.write(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 16 << 20
    with gzip.open(file.name) as packed_file:
        assert packed_file.read(7) == b"big.bin"
