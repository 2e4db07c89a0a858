"""Whatever is done to a conf, it loads or tells what is wrong and where; never anything else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sagemaker_mirror.config import ConfigError, load_folder
from sagemaker_mirror.graph import build_graph
from tests.conftest import REPOSITORY
from tests.unit.config.folders import CONF, VALUES

# CI asks for more.
EXAMPLES = int(os.environ.get("MUTATIONS", "200"))
CONFS = [CONF, *(path.read_text() for path in sorted((REPOSITORY / "configs").rglob("conf/*.yaml")))]

SCRAPS = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1e300,
        "",
        " ",
        "x",
        "SMP_X",
        "${params.A}",
        "${param.A}",
        "a >> b",
        ">>",
        "[",
        "é\u2028",
        [],
        {},
    ]
) | st.text(max_size=5)
JUNK = st.recursive(
    SCRAPS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


def ways(value, way=()):
    yield way
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from ways(item, (*way, key))


def parent_of(tree, way):
    for key in way[:-1]:
        tree = tree[key]
    return tree


@st.composite
def mutated(draw):
    """A conf with some values replaced, dropped, moved or added."""
    tree = yaml.safe_load(draw(st.sampled_from(CONFS)))
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from(list(ways(tree))[1:] or [()]))
        if not way:
            break
        parent, key = parent_of(tree, way), way[-1]
        action = draw(st.sampled_from(["replace", "drop", "rename", "add", "copy"]))
        if action == "replace":
            parent[key] = draw(JUNK)
        elif action == "drop":
            del parent[key]
        elif action == "copy":
            source = draw(st.sampled_from(list(ways(tree))[1:]))
            parent[key] = yaml.safe_load(yaml.safe_dump(parent_of(tree, source)[source[-1]]))
        elif isinstance(parent, dict):
            name = draw(st.text(min_size=1, max_size=6) | st.just(f"{key}s"))
            parent[name] = parent.pop(key) if action == "rename" else draw(JUNK)
        else:
            parent.insert(key, draw(JUNK))
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)


@st.composite
def garbled(draw):
    """The text of a conf with pieces cut out and put in."""
    text = draw(st.sampled_from(CONFS))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(text)))
        end = begin + draw(st.integers(0, 8))
        scrap = draw(
            st.sampled_from(
                ["", "\t", "\n", ": ", "- ", "[", "]", "{", "'", '"', "&a ", "*a", "!", "|", "\0", "#", "<<: "]
            )
        )
        text = text[:begin] + scrap + text[end:]
    return text  # fmt: skip


def check(folder: Path, text: str) -> None:
    conf = folder / "iris/conf/conf.yaml"
    conf.write_text(text, encoding="utf-8", errors="surrogatepass")
    lines = text.split("\n")
    try:
        config = load_folder(folder / "iris")
        graph = build_graph(config)
        config.notices()
        names = config.placeholders
        resolved = config.resolve(VALUES | dict.fromkeys(names, "value"))
    except ConfigError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.path == conf
            assert 1 <= problem.line <= len(lines) + 1
            assert problem.column >= 1
            assert problem.message
            assert "\n" not in str(problem)
    else:
        names = [step.name for _, step in config.steps]
        assert [name for name in graph.steps if name in names] == names  # beside them, steps that repack models
        assert resolved.edges == config.edges


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("configs")
    (root / "iris/conf").mkdir(parents=True)
    return root


@given(text=mutated())
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_mutated_values(folder, text):
    check(folder, text)


@given(text=garbled())
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_garbled_text(folder, text):
    check(folder, text)
