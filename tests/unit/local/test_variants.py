from __future__ import annotations

import pytest

from sagemaker_mirror.local.variants import Variants


def test_choices_can_be_changed_by_name() -> None:
    variants = Variants().updated({"retried_row": "added", "stopped_retry": "refused"})
    assert variants == Variants(retried_row="added", stopped_retry="refused")
    assert variants.as_dict()["after_failure"] == "finish_running"


def test_unknown_names_and_choices_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no variant 'odd'"):
        Variants().updated({"odd": "x"})
    with pytest.raises(ValueError, match="retried_row is one of replaced, added"):
        Variants().updated({"retried_row": "x"})
