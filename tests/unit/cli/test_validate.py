"""All problems at once, in the form that people, GitHub and programs read."""

from __future__ import annotations

import json

import pytest

from sagemaker_mirror.cli.validate import FORMATS, Findings

CONF = "configs/breast-cancer/diagnosis/conf/conf.yaml"


def change(here, old, new, path=CONF):
    """Change a conf; gives the line of the change."""
    conf = here / path
    text = conf.read_text()
    assert old in text
    conf.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


@pytest.fixture
def broken(here):
    """Lines of two mistakes."""
    return (
        change(here, "entry_point: preprocess.py", "entry_piont: preprocess.py"),
        change(here, "step_class: Training", "step_class: Trainnig"),
    )


def test_the_shipped_folders_have_no_errors(call):
    result = call("validate")

    assert result.code == 0
    assert "configs/breast-cancer: no errors" in result.out.splitlines()
    assert "configs/digits-pca-classifier: no errors" in result.out.splitlines()


def test_every_problem_of_every_folder_is_reported_with_its_place(call, here, broken):
    change(here, "pipelineName:", "pipelinName:", "configs/digits-pca-classifier/classifier/conf/conf.yaml")
    result = call("validate")

    assert result.code == 1
    for line, word in zip(broken, ("entry_piont", "Trainnig"), strict=True):
        assert any(text.startswith(f"{CONF}:{line}:") and word in text for text in result.out.splitlines())
    assert "pipelinName" in result.out
    assert "no errors" not in result.out


def test_one_folder_is_checked_alone(call, here, broken):
    assert call("validate", "configs/digits-pca-classifier").code == 0
    assert call("validate", str(here / "configs/breast-cancer")).code == 1


def test_github_shows_problems_beside_their_lines(call, broken):
    result = call("validate", "configs/breast-cancer", "--format", "github")

    assert result.code == 1
    errors = [line for line in result.out.splitlines() if line.startswith("::error ")]
    assert any(line.startswith(f"::error file={CONF},line={broken[0]},col=") for line in errors)
    assert all(line.startswith(("::error ", "::warning ")) for line in result.out.splitlines())


def test_what_github_would_take_for_its_own_is_escaped(call, here):
    (here / "configs" / "breast-cancer").rename(here / "configs" / "a,b:c")
    change(here, "pipelineName: breast-cancer", "pipelineName: '100%'", CONF.replace("breast-cancer", "a,b:c", 1))
    result = call("validate", "configs/a,b:c", "--format", "github", "--compile")

    assert "::error file=configs/a%2Cb%3Ac/diagnosis/conf/conf.yaml,line=" in result.out
    assert "100%25" in result.out


def test_programs_get_json(call, broken):
    problems = json.loads(call("validate", "--format", "json").out)
    errors = [problem for problem in problems if problem["severity"] == "error"]

    assert {(problem["path"], problem["line"]) for problem in errors} >= {(CONF, line) for line in broken}
    assert set(problems[0]) == {"path", "line", "column", "severity", "message"}


def test_no_problems_are_an_empty_list_in_json():
    assert json.loads("\n".join(FORMATS["json"](Findings()))) == []


def test_what_only_the_compiler_sees_is_reported_when_asked_for(call, here):
    (here / "configs/breast-cancer/diagnosis/scripts/train.py").unlink()

    assert call("validate").code == 0
    result = call("validate", "--compile")
    assert result.code == 1
    assert "train.py" in result.out


def test_compiling_needs_values(call, monkeypatch):
    monkeypatch.delenv("SMP_ROLE")
    result = call("validate", "--compile")

    assert (result.code, result.out) == (1, "")
    assert "SMP_ROLE" in result.err
    assert call("validate", "--compile", "--value", "SMP_ROLE=arn:aws:iam::123456789012:role/Other").code == 0


def test_two_folders_that_write_one_pipeline_are_an_error(call, here):
    change(
        here,
        "pipelineName: digits-pca-classifier",
        "pipelineName: breast-cancer",
        "configs/digits-pca-classifier/classifier/conf/conf.yaml",
    )
    result = call("validate")

    assert result.code == 1
    assert "breast-cancer" in result.out


def test_no_configs_is_an_error_without_traceback(call):
    result = call("validate", "--configs", "elsewhere")

    assert result == (1, "", "sagemaker-mirror: elsewhere: No such file or directory\n")
