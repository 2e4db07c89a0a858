"""YAML that is refused, and how the rest is read."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sagemaker_mirror.config import ConfigError, load_folder
from sagemaker_mirror.config.nodes import YamlError, compose, construct
from tests.unit.config.folders import CONF, changed, expect, load, write


def read(text):
    return construct(compose(text))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "        instance_count: 2\n",
            "▶\tinstance_count: 2\n",
            "is no YAML: found a tab character that violates indentation, while scanning a plain scalar (line 16); "
            "indent with blanks, not with tabs",
        ),
        (
            "        instance_count: 2\n",
            "        instance_count: 2\n        ▶instance_count: 3\n",
            "has the key 'instance_count' twice in one mapping; the first is in line 17",
        ),
        (
            "dependencies:",
            "dependencies:\n      - [prepare, train] >▶> create",
            "is no YAML: did not find expected comment or line break, while scanning a block scalar; "
            "put a dependency that begins with '[' in quotes",
        ),
        (
            "pipelineName: iris",
            "pipelineName: iris: ▶x",
            "is no YAML: mapping values are not allowed in this context",
        ),
        (
            "depth: 3",
            "depth: ▶!!python/name:os.system",
            "has the tag '!!python/name:os.system', which a conf doesn't need; write the value without it",
        ),
        ("depth: 3", "depth: ▶*nowhere", "*nowhere stands for nothing above it"),
        ("depth: 3", "depth: &self [▶*self]", "*self stands for nothing above it"),
        ("depth: 3", "? ▶[depth]\n          : 3", "is a key, which must be plain text"),
        ("        env:\n", "        <<: ▶text\n        env:\n", "'<<' takes mappings only"),
        (
            "    dependencies:\n",
            "    dependencies:\n▶---\nconf: {}\n",
            "begins a second document; a conf is one document",
        ),
        ("depth: 3", "depth: ▶\x07", "is no YAML: control characters are not allowed"),
        ("depth: 3", "depth: ä ▶\x00", "is no YAML: control characters are not allowed"),
    ],
)
def test_bad_yaml_is_reported_at_its_place(tmp_path, old, new, message):
    conf = changed((old, new))
    if "mapping values" in message:
        conf = conf.replace(": ▶x", "▶: x")

    expect(tmp_path, conf, message)


def test_an_unclosed_quote_names_the_line_it_began_in(tmp_path):
    with pytest.raises(ConfigError, match=r"unexpected end of stream, while scanning a quoted scalar \(line 37\)"):
        load(tmp_path, changed(("pipelineName: iris", 'pipelineName: "iris')))


def test_deep_nesting_is_refused_and_not_followed():
    for text in ("[" * 500_000, "{a: " * 200_000, "- " * 300_000):
        with pytest.raises(YamlError, match="nested more than 64 levels"):
            compose(text)


def test_anchors_that_explode_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    with pytest.raises(YamlError, match="more than 50,000 values, aliases written out") as caught:
        compose("\n".join(lines))

    assert caught.value.line == 5


def test_anchors_and_merge_keys_work(tmp_path):
    conf = changed(
        (
            "      train:\n        image_uri: sklearn\n",
            "      train:\n        <<: &job\n          image_uri: merged\n",
        ),
        (
            "        image_uri: sklearn\n        entry_point: evaluate.py",
            "        <<: *job\n        entry_point: evaluate.py",
        ),
    )
    iris = load(tmp_path, conf).models["iris"]

    assert iris.train.image_uri == iris.evaluate.image_uri == "merged"
    assert read("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [{x: 4}, *a]}") == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 3},
        "c": {"x": 4, "y": 2},
    }


def test_a_mistake_in_merged_keys_is_reported_where_it_is_written(tmp_path):
    conf = changed(
        ("conf:\n", "conf:\n  variables: &shared\n    ▶X: 1\n    ▶Y: 2\n"),
        ("        env:\n", "        <<: *shared\n        env:\n"),
    )

    expect(tmp_path, conf, "unknown key 'X'", "unknown key 'Y'")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True), ("On", True), ("FALSE", False), ("n", "n"), ("~", None), ("", None), ("null", None),
        ("1", 1), ("-7", -7), ("1_000", 1000), ("0x1f", 31), ("0b11", 3), ("0", 0),
        ("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("1.0e+3", 1000.0), ("-.inf", float("-inf")),
        ("012345678901", "012345678901"), ("1e-3", "1e-3"), ("12:30", "12:30"), ("2026-01-31", "2026-01-31"),
        ("1.2.3", "1.2.3"), ("-", "-"), ("'1'", "1"), ('"yes"', "yes"), ("!!str 1", "1"), ("=", "="),
        ("9" * 5000, "9" * 5000),
    ],
)  # fmt: skip
def test_plain_values(text, value):
    assert read(f"key: {text}" if text != "-" else "key: '-'")["key"] == value


def test_keys_are_always_text():
    assert read("{on: failed, 1: a, true: b, ~: c}") == {"on": "failed", "1": "a", "true": "b", "~": "c"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_what_pyyaml_writes_is_read_as_it_was(value, flow):
    text = yaml.safe_dump({"value": value}, default_flow_style=flow)

    assert read(text)["value"] == value


@given(st.text(alphabet="ab:-[]{},&*!|>'\"%@`#?<= \n\t\r\0\ufeff\u2028é1"))
def test_any_text_is_read_or_refused_at_a_place(text):
    try:
        read(text)
    except YamlError as error:
        assert error.line >= 1
        assert error.column >= 1


def test_files_that_are_no_text_are_refused(tmp_path):
    folder = write(tmp_path, {"iris/conf/conf.yaml": CONF})
    file = folder / "conf/conf.yaml"

    file.write_bytes(CONF.replace("gini", "gïni").encode("latin-1"))
    with pytest.raises(ConfigError, match=r"conf.yaml:20:23: is not UTF-8: byte 0xef is no text"):
        load_folder(folder)

    file.write_bytes(CONF.encode("utf-16"))
    with pytest.raises(ConfigError, match=r"conf.yaml:1:1: is not UTF-8"):
        load_folder(folder)

    file.write_bytes(CONF.encode("utf-8-sig"))
    assert load_folder(folder).name == "iris"


def test_large_files_are_refused(tmp_path):
    folder = write(tmp_path, {"iris/conf/conf.yaml": CONF + "#" * (1 << 20)})

    with pytest.raises(ConfigError, match=r"conf.yaml:1:1: is larger than 1 MiB"):
        load_folder(folder)


@pytest.mark.parametrize("text", ["", "# nothing\n", "- conf\n", "text\n"])
def test_files_without_a_conf_are_refused(tmp_path, text):
    with pytest.raises(ConfigError, match=r"conf.yaml:1:1: must be a mapping with the key 'conf', is"):
        load(tmp_path, text)


def test_symlinks_out_of_the_configs_root_are_refused(tmp_path):
    outside = write(tmp_path / "outside", {"conf/conf.yaml": CONF})
    inside = write(tmp_path / "configs", {"shared/iris/conf/conf.yaml": CONF})
    for name in ("file", "folder", "allowed"):
        (tmp_path / "configs" / name / "conf").mkdir(parents=True)
    (tmp_path / "configs/file/conf/conf.yaml").symlink_to(outside / "conf.yaml")
    (tmp_path / "configs/folder/conf").rmdir()
    (tmp_path / "configs/folder/conf").symlink_to(outside)
    (tmp_path / "configs/allowed/conf").rmdir()
    (tmp_path / "configs/allowed/model").symlink_to(inside / "iris")
    (tmp_path / "configs/allowed/round").symlink_to(tmp_path / "configs/allowed")
    (tmp_path / "configs/linked").symlink_to(tmp_path / "outside")

    for name in ("file", "folder", "linked"):
        with pytest.raises(ConfigError, match=r"conf.yaml:1:1: leaves the configs root .* by a symlink or '\.\.'"):
            load_folder(tmp_path / "configs" / name)
    assert load_folder(tmp_path / "configs/allowed").name == "allowed"


def test_a_configs_root_may_itself_be_a_symlink(tmp_path):
    write(tmp_path / "real", {"iris/conf/conf.yaml": CONF})
    (tmp_path / "configs").symlink_to(tmp_path / "real")

    assert load_folder(tmp_path / "configs/iris").name == "iris"


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path):
    folder = write(tmp_path, {"iris/conf/conf.yaml": CONF})
    (folder / "conf/broken.yaml").symlink_to(folder / "conf/nowhere.yaml")

    with pytest.raises(ConfigError, match=r"broken.yaml:1:1: can't be read: No such file"):
        load_folder(folder)
