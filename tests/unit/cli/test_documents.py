"""The graph, the schema and the reference page."""

from __future__ import annotations

import re

from sagemaker_mirror.cli.graph import mermaid
from sagemaker_mirror.config import load_folder
from sagemaker_mirror.config.reference_page import reference_page
from sagemaker_mirror.config.schema import json_schema_text, key_table
from sagemaker_mirror.graph import Edge, Step, StepGraph, build_graph
from tests.conftest import REPOSITORY

FOLDER = "configs/digits-pca-classifier"


def test_the_diagram_has_every_step_in_its_model_and_every_edge(call, here):
    lines = call("graph", FOLDER).out.splitlines()

    graph = build_graph(load_folder(here / FOLDER))
    labels = dict(re.findall(r'^ {8}(s\d+)\["(\S+?)<br/>', "\n".join(lines), re.MULTILINE))
    edges = {
        (labels[source], labels[target]) for source, target in re.findall(r"(s\d+) --> (s\d+)", "\n".join(lines))
    }
    assert lines[0] == "flowchart LR"
    assert list(labels.values()) == list(graph.steps)
    assert edges == {(edge.source, edge.target) for edge in graph.reduced_edges()}
    assert '    subgraph m1["pca"]' in lines


def test_a_run_condition_is_written_on_its_edge():
    steps = {name: Step(name, "Training", "red") for name in ("grow", "end")}
    text = mermaid(StepGraph(steps, (Edge("grow", "end", "explicit", "failed"),)))

    assert text.splitlines()[-1] == "    s1 -. failed .-> s2"


def test_what_mermaid_would_read_as_its_own_is_escaped():
    assert 'subgraph m1["#34;red#34;#93;"]' in mermaid(StepGraph({"end": Step("end", "Training", '"red"]')}, ()))


def test_the_schema_is_that_of_the_models(call, here):
    assert call("schema").out == json_schema_text()
    assert call("schema", "-o", "conf.schema.json").code == 0
    assert (here / "conf.schema.json").read_text() == json_schema_text()


def test_the_shipped_confs_name_the_schema_for_editors():
    for conf in (REPOSITORY / "configs").glob("*/*/conf/*.yaml"):
        first = conf.read_text().partition("\n")[0]
        path = first.removeprefix("# yaml-language-server: $schema=")
        assert (conf.parent / path).resolve() == REPOSITORY / "configs/conf.schema.json"


def test_the_committed_reference_page_is_current(call):
    shipped = REPOSITORY / "docs/reference/conf.md"

    assert shipped.read_text() == call("keys").out, "run sagemaker-mirror keys -o docs/reference/conf.md"


def test_the_reference_page_has_every_key_once():
    page = reference_page()
    body, _, without_effect = page.partition("## Accepted without effect")
    rows = key_table()

    assert body.count("\n| `") == len(rows)
    for row in rows:
        if row.no_effect:
            assert f"| `{row.path}` | " in without_effect
    assert "`entry_point` | text | **required** | Training | `HyperParameters.sagemaker_program`" in body
    assert "`minimum` | number |" in body
