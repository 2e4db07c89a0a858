from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagemaker_mirror.local.errors import ServiceError
from sagemaker_mirror.local.paging import page


@given(st.lists(st.integers(), unique=True), st.integers(1, 100), st.sampled_from(["Ascending", "Descending"]))
def test_pages_show_every_entry_once_and_in_order(entries: list[int], size: int, order: str) -> None:
    request: dict[str, object] = {"SortOrder": order, "MaxResults": size}
    seen: list[int] = []
    while True:
        shown, token = page(entries, request, lambda entry: entry)
        assert len(shown) <= size
        seen.extend(shown)
        if token is None:
            break
        request["NextToken"] = token
    assert seen == sorted(entries, reverse=order == "Descending")


def test_entries_that_come_between_do_not_shift_the_next_page() -> None:
    entries = [1, 2, 3, 4]
    first, token = page(entries, {"MaxResults": 2}, lambda entry: entry)
    second, _ = page([*entries, 5, 6], {"MaxResults": 2, "NextToken": token}, lambda entry: entry)
    assert (first, second) == ([4, 3], [2, 1])


@pytest.mark.parametrize("token", ["nonsense", "", "e30x"])
def test_a_token_of_someone_else_is_refused(token: str) -> None:
    with pytest.raises(ServiceError, match="Invalid NextToken"):
        page([1, 2], {"NextToken": token}, lambda entry: entry)
