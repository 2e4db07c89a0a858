from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagemaker_mirror.local.jobs.outcome import JobError
from sagemaker_mirror.local.jobs.records import MEGABYTE, Plan


def plan(
    split: str = "Line",
    assemble: str = "Line",
    content_type: str | None = "text/csv",
    accept: str | None = "text/csv",
    processing: dict[str, str] | None = None,
    **fields: Any,
) -> Plan:
    request: dict[str, Any] = {
        "TransformInput": {"SplitType": split},
        "TransformOutput": {"AssembleWith": assemble},
        "DataProcessing": processing or {},
        **fields,
    }
    if content_type is not None:
        request["TransformInput"]["ContentType"] = content_type
    if accept is not None:
        request["TransformOutput"]["Accept"] = accept
    return Plan.of(request)


def payloads(plan: Plan, content: bytes) -> list[bytes]:
    return [payload for _, payload in plan.batches(plan.records(content))]


def test_an_object_is_one_record_unless_it_is_split() -> None:
    assert payloads(plan(split="None", BatchStrategy="MultiRecord"), b"1\n2\n") == [b"1\n2\n"]


def test_lines_fill_a_request_as_far_as_they_fit() -> None:
    line = b"x" * (MEGABYTE // 2 - 1)
    content = b"\n".join([line] * 5)
    assert [len(payload) for payload in payloads(plan(MaxPayloadInMB=1), content)] == [2 * len(line) + 1] * 2 + [
        len(line)
    ]
    assert payloads(plan(MaxPayloadInMB=0), content) == [content]


def test_single_record_is_a_line_a_request() -> None:
    assert payloads(plan(BatchStrategy="SingleRecord"), b"1\n2\n3") == [b"1", b"2", b"3"]


def test_an_empty_object_makes_no_requests() -> None:
    assert payloads(plan(), b"") == []


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=50), st.integers(30, 200))
def test_batches_lose_nothing_and_keep_to_the_limit(lines: list[bytes], limit: int) -> None:
    small = replace(plan(), limit=limit)
    batches = list(small.batches(lines))
    assert [record for batch, _ in batches for record in batch] == lines
    assert b"\n".join(payload for _, payload in batches) == b"\n".join(lines)
    assert all(len(payload) <= limit for _, payload in batches)


@pytest.mark.parametrize("split", ["None", "Line"])
def test_a_record_that_is_too_large_is_the_clients_error(split: str) -> None:
    with pytest.raises(JobError, match=r"ClientError: Too much data for max payload size \(1 MB\)"):
        payloads(plan(split=split, MaxPayloadInMB=1), b"x" * (MEGABYTE + 1))


@pytest.mark.parametrize("split", ["RecordIO", "TFRecord"])
def test_binary_records_are_not_supported(split: str) -> None:
    with pytest.raises(JobError, match=f"ClientError: The embedded SageMaker doesn't support SplitType {split}"):
        plan(split=split)


@pytest.mark.parametrize(
    ("assemble", "response", "added"), [("Line", b"1", b"1\n"), ("Line", b"1\n2\n", b"1\n2\n"), ("None", b"1", b"1")]
)
def test_results_are_assembled(assemble: str, response: bytes, added: bytes) -> None:
    assert plan(assemble=assemble).results([b"a"], response) == added


CSV = b'17,"Smith, J.",5.1\n18,"O""Neil",6.2\n'


def test_csv_is_filtered_and_joined() -> None:
    rows = plan(processing={"InputFilter": "$[2:]", "JoinSource": "Input", "OutputFilter": "$[0,1,-1]"})
    [(batch, payload)] = rows.batches(rows.records(CSV))
    assert payload == b"5.1\n6.2"
    assert rows.results(batch, b"yes\nno\n") == b'17,"Smith, J.",yes\n18,"O""Neil",no\n'


def test_a_single_column_is_a_row_of_one() -> None:
    rows = plan(processing={"InputFilter": "$[1]"})
    assert payloads(rows, CSV) == [b'"Smith, J."\n"O""Neil"']


def test_results_alone_are_filtered() -> None:
    rows = plan(processing={"OutputFilter": "$[1]"})
    assert rows.results([b"a", b"b"], b"0.1,0.9\n0.8,0.2\n") == b"0.9\n0.2\n"


def test_json_lines_are_filtered_and_joined() -> None:
    lines = plan(
        content_type="application/jsonlines",
        accept="application/jsonlines",
        processing={"InputFilter": "$.x", "JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"},
    )
    [(batch, payload)] = lines.batches(lines.records(b'{"id": 1, "x": [1, 2]}\n{"id": 2, "x": [3, 4]}\n'))
    assert payload == b"[1,2]\n[3,4]"
    joined = lines.results(batch, b'{"label": "a"}\n{"label": "\xc3\xa4"}')
    assert joined == b'{"id":1,"SageMakerOutput":{"label":"a"}}\n{"id":2,"SageMakerOutput":{"label":"\xc3\xa4"}}\n'


def test_one_json_value_may_have_several_lines() -> None:
    whole = plan(
        split="None",
        assemble="None",
        content_type="application/json",
        accept="application/json; charset=utf-8",
        processing={"JoinSource": "Input"},
    )
    assert whole.results([b"[1,\n2]"], b"[0.5,\n0.6]") == b'{"SageMakerInput":[1,2],"SageMakerOutput":[0.5,0.6]}'


def test_records_and_results_must_match() -> None:
    rows = plan(processing={"JoinSource": "Input"})
    with pytest.raises(JobError, match="ClientError: JoinSource: 2 records in a request, but 1 in"):
        rows.results([b"1", b"2"], b"1\n")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"processing": {"InputFilter": "$..x"}}, "Invalid JsonPath"),
        ({"processing": {"JoinSource": "Input"}, "accept": "application/json"}, "both text/csv, or both JSON"),
        ({"processing": {"JoinSource": "Input"}, "content_type": None}, "they are missing and text/csv"),
        ({"processing": {"JoinSource": "Input"}, "accept": None}, "they are text/csv and missing"),
        ({"processing": {"JoinSource": "Input"}, "content_type": "image/png", "accept": "image/png"}, "image/png"),
        ({"processing": {"OutputFilter": "$[0]"}, "split": "None"}, "needs SplitType Line"),
        ({"processing": {"OutputFilter": "$[0]"}, "assemble": "None"}, "AssembleWith Line"),
    ],
)
def test_what_does_not_go_together_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(JobError, match="ClientError: ") as caught:
        plan(**fields)
    assert message in str(caught.value)


def test_a_filter_that_leads_nowhere_is_the_clients_error() -> None:
    rows = plan(processing={"InputFilter": "$[9]", "OutputFilter": "$[9]"})
    with pytest.raises(JobError, match=r"ClientError: InputFilter: JsonPath \$\[9\]: no element 9"):
        payloads(rows, CSV)
    with pytest.raises(JobError, match="ClientError: OutputFilter"):
        rows.results([b"1"], b"1\n")


def test_text_that_is_not_json_is_told() -> None:
    values = plan(content_type="application/json", accept="application/json", processing={"InputFilter": "$.x"})
    with pytest.raises(JobError, match="ClientError: Not json: b'oh'"):
        payloads(values, b"oh")
