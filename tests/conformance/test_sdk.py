"""What the compiler makes of a conf, and what the SageMaker SDK makes of it."""

from __future__ import annotations

from tests.conformance.cases import shipped_folders
from tests.conformance.difference import gone, unlisted
from tests.conformance.differences import AGAINST_SDK


def test_only_listed_values_differ(sdk_case, sdk_cases, sdk_definitions):
    comparison = sdk_cases[sdk_case].compare(sdk_definitions[sdk_case])

    assert unlisted(comparison.found, AGAINST_SDK) == []


def test_every_listed_difference_occurs(sdk_cases, sdk_definitions):
    shipped = {folder.name for folder in shipped_folders()}
    found = {
        item
        for name, case in sdk_cases.items()
        if case.config.name in shipped
        for item in case.compare(sdk_definitions[name]).found
    }

    assert gone(found, AGAINST_SDK) == []
