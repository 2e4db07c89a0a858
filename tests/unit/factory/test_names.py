from __future__ import annotations

import pytest

from sagemaker_mirror.config.names import free
from sagemaker_mirror.factory.names import as_dag_id, as_group_id, is_dag_id


@pytest.mark.parametrize("name", ["churn", "Churn_2", "a.b-c", "größe", "x" * 250])
def test_what_airflow_takes_as_a_dag_id(name):
    assert is_dag_id(name)


@pytest.mark.parametrize("name", ["", "two words", "a/b", "a+b", "line\n", "x" * 251])
def test_what_airflow_refuses_as_a_dag_id(name):
    assert not is_dag_id(name)


@pytest.mark.parametrize("name", ["two words", "a+b", "x" * 300, "", "☂"])
def test_any_name_has_a_legal_dag_id_beside_it(name):
    assert is_dag_id(as_dag_id(name, set()))


def test_a_made_up_dag_id_is_nobody_elses():
    assert as_dag_id("two words", {"two_words", "two_words_"}) == "two_words__"


def test_group_ids_have_no_dots_because_they_are_prefixes():
    assert as_group_id("model v1.2") == "model_v1_2"
    assert as_group_id("") == "_"


def test_a_free_name_stays_as_it_is():
    assert free("start", {"stop"}) == "start"
    assert free("start", {"start", "start_"}) == "start__"
