"""The graph of a conf, and what holds for any graph."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagemaker_mirror.config.topology import find_cycles
from sagemaker_mirror.graph import CycleError, Edge, Step, StepClass, StepGraph, build_graph, producer
from tests.unit.config.folders import changed, load

DATA_EDGES = {
    "prepare>train": "chained",
    "train>create": "implicit",
    "create>score": "implicit",
    "prepare>score": "chained",
    "prepare>evaluate": "chained",
    "score>evaluate": "chained",
    "train>register": "implicit",
    "evaluate>register": "implicit",
}


def kinds(graph):
    return {f"{edge.source}>{edge.target}": edge.kind for edge in graph.edges}


def graph_of(edges, names="abcdef"):
    steps = {name: Step(name, StepClass.TRAINING.value, "m") for name in names}
    return StepGraph(steps, tuple(Edge(pair[0], pair[1], "explicit", *pair[2:]) for pair in edges))


def test_blank_dependencies_follow_the_data(tmp_path):
    graph = build_graph(load(tmp_path))

    assert kinds(graph) == DATA_EDGES
    assert list(graph.steps) == ["prepare", "train", "create", "score", "evaluate", "register"]
    assert graph.steps["score"] == Step("score", "Transform", "iris")
    assert graph.topological_order() == ("prepare", "train", "create", "score", "evaluate", "register")
    assert graph.upstream("evaluate") == ("prepare", "score")
    assert graph.downstream("train") == ("create", "register")
    assert graph.ancestors("score") == {"prepare", "train", "create"}
    assert {f"{edge.source}>{edge.target}" for edge in graph.reduced_edges()} == {
        "prepare>train",
        "train>create",
        "create>score",
        "score>evaluate",
        "evaluate>register",
    }


@pytest.mark.parametrize(
    "written",
    [
        " prepare >> train >> [score, create] << prepare",
        "\n      - prepare >> train\n      -\n      - train >> [score, create]\n      - prepare >> [score, create]",
        " |\n      prepare >> train  # first\n      train >> [score, create]; ".replace("; ", "\n")
        + "      'prepare' >> [score,\n        create]\n",
        " ['prepare >> train >> [score, create]', '[score, create] << prepare']",
    ],
)
def test_explicit_edges_win_over_the_others(tmp_path, written):
    conf = changed(
        ("    dependencies:", f"    dependencies:{written}"),
    )
    # create << score would be a cycle with the data, so create and score stay side by side here.
    graph = build_graph(load(tmp_path, conf))

    assert kinds(graph) == {
        **DATA_EDGES,
        "prepare>train": "explicit",
        "train>create": "explicit",
        "train>score": "explicit",
        "prepare>score": "explicit",
        "prepare>create": "explicit",
    }


def test_depends_on_may_have_a_run_condition(tmp_path):
    conf = changed(
        (
            "- {step_name: register, step_class: RegisterModel}",
            "- {step_name: register, step_class: RegisterModel, depends_on: score}\n"
            "          - {step_name: clean, step_class: Processing, step_type: prepare,\n"
            "             depends_on: [evaluate, {step: train, on: failed}, {step: score, on: any}]}",
        )
    )
    graph = build_graph(load(tmp_path, conf))

    assert [edge for edge in graph.edges if edge.target in ("clean", "register") and edge.kind == "explicit"] == [
        Edge("score", "register", "explicit"),
        Edge("evaluate", "clean", "explicit"),
        Edge("train", "clean", "explicit", "failed"),
        Edge("score", "clean", "explicit", "any"),
    ]
    assert {edge for edge in graph.reduced_edges() if edge.target == "clean"} == {
        edge for edge in graph.edges if edge.target == "clean"
    }


def test_an_edge_does_not_follow_from_a_path_with_a_run_condition():
    graph = graph_of([("a", "b", "failed"), ("b", "c"), ("a", "c")])

    assert graph.reduced_edges() == graph.edges


def test_producers_are_the_last_above_in_the_same_model(tmp_path):
    conf = changed(
        (
            "          - {step_name: create, step_class: CreateModel}\n",
            "          - {step_name: again, step_class: Training}\n"
            "          - {step_name: create, step_class: CreateModel}\n"
            "          - {step_name: later, step_class: Training}\n",
        )
    )
    config = load(tmp_path, conf)

    assert producer(config, "iris", "create", StepClass.TRAINING) == "again"
    assert producer(config, "iris", "register", "Training") == "later"
    assert producer(config, "iris", "register", "Metrics") == "evaluate"
    assert producer(config, "iris", "train", "Training") is None
    assert kinds(build_graph(config))["later>register"] == "implicit"
    with pytest.raises(KeyError):
        producer(config, "iris", "nowhere", "Training")


def test_a_chain_may_cross_models(tmp_path):
    conf = changed(
        ("  sagemakerPipeline:", "    second:\n      join: {image_uri: i, entry_point: j.py}\n  sagemakerPipeline:"),
        (
            "    dependencies:",
            "      second:\n        steps:\n"
            "          - {step_name: join, step_class: Processing, step_type: join, chain_input_source_step: train}\n"
            "    dependencies: register >> join",
        ),
    )
    graph = build_graph(load(tmp_path, conf))

    assert kinds(graph)["train>join"] == "chained"
    assert kinds(graph)["register>join"] == "explicit"
    assert graph.steps["join"].model == "second"


def test_a_graph_read_from_elsewhere_is_checked():
    with pytest.raises(CycleError, match="these steps wait for each other: b >> c >> b") as caught:
        graph_of([("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")])
    assert caught.value.cycle == ("b", "c")
    with pytest.raises(KeyError, match="'z'"):
        graph_of([("a", "z")])


def test_cycles_without_a_name_in_common_are_all_found():
    edges = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "c"), ("d", "e"), ("f", "f")]

    assert find_cycles("abcdef", edges) == [("a", "b"), ("c", "d"), ("f",)]


@st.composite
def acyclic_graphs(draw):
    count = draw(st.integers(1, 9))
    names = [f"s{number}" for number in range(count)]
    hidden = draw(st.permutations(names))
    pairs = [(hidden[low], hidden[high]) for low in range(count) for high in range(low + 1, count)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return graph_of(edges, names)


def reachable(graph, edges):
    found = {name: set() for name in graph.steps}
    for name in graph.topological_order():
        for edge in edges:
            if edge.target == name:
                found[name] |= {edge.source} | found[edge.source]
    return found


@given(acyclic_graphs())
def test_order_respects_edges_and_keeps_every_step(graph):
    order = graph.topological_order()

    assert sorted(order) == sorted(graph.steps)
    assert all(order.index(edge.source) < order.index(edge.target) for edge in graph.edges)


@given(acyclic_graphs())
def test_ancestors_are_what_edges_reach(graph):
    assert {name: set(graph.ancestors(name)) for name in graph.steps} == reachable(graph, graph.edges)


@given(acyclic_graphs())
def test_reduction_keeps_reachability_and_nothing_else(graph):
    reduced = graph.reduced_edges()

    assert set(reduced) <= set(graph.edges)
    assert reachable(graph, reduced) == reachable(graph, graph.edges)
    for edge in reduced:
        rest = [other for other in reduced if other != edge]
        assert edge.source not in reachable(graph, rest)[edge.target]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), unique=True))
def test_cycles_are_found_exactly_where_there_is_no_order(edges):
    cycles = find_cycles("abcdef", edges)

    for cycle in cycles:
        assert all(pair in edges for pair in zip(cycle, (*cycle[1:], cycle[0]), strict=True))
    used = [name for cycle in cycles for name in cycle]
    assert len(used) == len(set(used))
    if cycles:
        with pytest.raises(CycleError):
            graph_of(edges)
    else:
        assert len(graph_of(edges).topological_order()) == 6
