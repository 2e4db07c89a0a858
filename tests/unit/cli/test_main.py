"""Help, wrong calls, colours."""

from __future__ import annotations

import io
import os
import sys

import pytest

from sagemaker_mirror.cli.output import coloured

COMMANDS = ["validate", "compile", "plan", "graph", "schema", "keys", "bundle", "local", "demo"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples(call, command):
    result = call(command, "--help")

    assert result.code == 0
    assert f"examples:\n  sagemaker-mirror {command}" in result.out


def test_help_names_all_commands(call):
    assert all(f"\n    {command} " in call("--help").out for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments", [(), ("bogus",), ("compile",), ("plan", "a", "b"), ("validate", "--format", "xml")]
)
def test_a_wrong_call_is_told_from_changes_of_a_plan(call, arguments):
    result = call(*arguments)

    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("usage: sagemaker-mirror")


def test_only_a_terminal_gets_colours(monkeypatch):
    monkeypatch.setitem(os.environ, "TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert coloured("a", "+", Terminal()) == "\x1b[32ma\x1b[0m"
    assert coloured("a", "", Terminal()) == "a"
    assert coloured("a", "+", io.StringIO()) == "a"
    monkeypatch.setenv("NO_COLOR", "1")
    assert coloured("a", "+", Terminal()) == "a"


def test_what_needs_the_extra_says_so(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "moto", None)
    result = call("local")

    assert result.code == 1
    assert "[local]" in result.err
