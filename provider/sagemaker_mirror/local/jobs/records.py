"""How batch transform cuts objects into records, fills requests with them, and puts the results together.

Pure functions over the fields of CreateTransformJob; see "Associate Prediction Results with Input Records" in the
SageMaker developer guide, and ``TransformInput``, ``TransformOutput`` and ``DataProcessing`` in the API reference.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sagemaker_mirror.local.jobs.jsonpath import Path, PathError
from sagemaker_mirror.local.jobs.outcome import JobError

MEGABYTE = 1024 * 1024
DEFAULT_MAX_PAYLOAD = 6
"""``MaxPayloadInMB`` where the request doesn't give it."""

Format = Literal["csv", "json"]
FORMATS: dict[str, Format] = {"text/csv": "csv", "application/json": "json", "application/jsonlines": "json"}
"""The content types whose records can be filtered and joined."""


def media_type(content_type: str | None) -> str:
    """Return a content type without its parameters."""
    return (content_type or "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Plan:
    """What a transform job does with its objects.

    :param split: whether a line is a record, else a whole object is one
    :param several: whether a request carries as many records as fit, else one
    :param limit: bytes that a request may carry; None: any
    :param lines: whether each result is put on a line of its own
    :param input_filter: what of a record the model is given
    :param output_filter: what of a result, joined or not, is kept
    :param join: whether results are joined with their records
    :param format: how records and results are read, where they are filtered or joined
    """

    split: bool
    several: bool
    limit: int | None
    lines: bool
    input_filter: Path
    output_filter: Path
    join: bool
    format: Format | None

    @classmethod
    def of(cls, request: dict[str, Any]) -> Plan:
        """Read a CreateTransformJob request.

        :raises JobError: ClientError, for what SageMaker refuses, and for what the embedded one doesn't do
        """
        split_type = request["TransformInput"].get("SplitType", "None")
        if split_type not in ("None", "Line"):
            raise JobError("ClientError", f"The embedded SageMaker doesn't support SplitType {split_type}.")
        strategy = request.get("BatchStrategy", "MultiRecord")
        payload = request.get("MaxPayloadInMB", DEFAULT_MAX_PAYLOAD)
        processing = request.get("DataProcessing", {})
        try:
            input_filter = Path.parse(processing.get("InputFilter") or "$")
            output_filter = Path.parse(processing.get("OutputFilter") or "$")
        except PathError as error:
            raise JobError("ClientError", str(error)) from error
        join = processing.get("JoinSource", "None") == "Input"
        lines = request["TransformOutput"].get("AssembleWith", "None") == "Line"
        touched = join or not (input_filter.is_root and output_filter.is_root)
        return cls(
            split=split_type == "Line",
            several=split_type == "Line" and strategy == "MultiRecord",
            limit=payload * MEGABYTE or None,
            lines=lines,
            input_filter=input_filter,
            output_filter=output_filter,
            join=join,
            format=common_format(request, split_type == "Line", lines) if touched else None,
        )

    def records(self, content: bytes) -> list[bytes]:
        """Cut an object into records."""
        if not self.split:
            return [content]
        lines = content.split(b"\n")
        return lines if lines[-1] else lines[:-1]

    def batches(self, records: Sequence[bytes]) -> Iterator[tuple[Sequence[bytes], bytes]]:
        """Fill requests; return the records of each, and what it carries.

        :raises JobError: ClientError, if a record alone is too large, or can't be filtered
        """
        batch: list[bytes] = []
        parts: list[bytes] = []
        size = 0
        for record in records:
            part = record if self.input_filter.is_root else self.select_input(record)
            if self.limit is not None and len(part) > self.limit:
                raise JobError("ClientError", f"Too much data for max payload size ({self.limit // MEGABYTE} MB)")
            if batch and (not self.several or (self.limit is not None and size + 1 + len(part) > self.limit)):
                yield batch, b"\n".join(parts)
                batch, parts, size = [], [], 0
            size += len(part) + (1 if parts else 0)
            batch.append(record)
            parts.append(part)
        if batch:
            yield batch, b"\n".join(parts)

    def select_input(self, record: bytes) -> bytes:
        """Return what of a record the model is given."""
        try:
            return self.write(self.input_filter.of(self.read(record)))
        except PathError as error:
            raise JobError("ClientError", f"InputFilter: {error}") from error

    def results(self, batch: Sequence[bytes], response: bytes) -> bytes:
        """Return what a response adds to the output object.

        :param batch: the records that the request carried
        :param response: what the model returned
        :raises JobError: ClientError, if they can't be joined or filtered
        """
        if not self.join and self.output_filter.is_root:
            return self.assemble([response])
        results = [response] if len(batch) == 1 and self.format == "json" else response.splitlines()
        if self.join and len(results) != len(batch):
            raise JobError(
                "ClientError", f"JoinSource: {len(batch)} records in a request, but {len(results)} in its response"
            )
        try:
            if self.join:
                pairs = zip(batch, results, strict=True)
                joined = [self.joined(self.read(record), self.read(result)) for record, result in pairs]
            else:
                joined = [self.read(result) for result in results]
            return self.assemble([self.write(self.output_filter.of(value)) for value in joined])
        except PathError as error:
            raise JobError("ClientError", f"OutputFilter: {error}") from error

    def assemble(self, results: Sequence[bytes]) -> bytes:
        """Put results together."""
        if not self.lines:
            return b"".join(results)
        # What ends with a newline already, as CSV from the toolkits does, doesn't get another one.
        return b"".join(result.removesuffix(b"\n") + b"\n" for result in results)

    def joined(self, record: Any, result: Any) -> Any:
        """Join a record with its result."""
        if self.format == "csv":
            return record + result
        if isinstance(record, dict):
            return {**record, "SageMakerOutput": result}
        return {"SageMakerInput": record, "SageMakerOutput": result}

    def read(self, text: bytes) -> Any:
        """Read a record or a result: a row, or a JSON value."""
        try:
            if self.format == "csv":
                return next(csv.reader([text.decode().rstrip("\r\n")], strict=True), [])
            return json.loads(text)
        except (ValueError, csv.Error) as error:
            raise JobError("ClientError", f"Not {self.format}: {text[:100]!r}: {error}") from error

    def write(self, value: Any) -> bytes:
        """Write what a filter has selected; the counterpart of :meth:`read`."""
        if self.format == "json":
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(value if isinstance(value, list) else [value])
        return line.getvalue().encode()


def common_format(request: dict[str, Any], split: bool, lines: bool) -> Format:
    """Return the format that records and results share.

    :raises JobError: ClientError, if there is none, or if it isn't cut and put together as it must be
    """
    content_type = media_type(request["TransformInput"].get("ContentType"))
    accept = media_type(request["TransformOutput"].get("Accept"))
    found = FORMATS.get(content_type)
    if found is None or FORMATS.get(accept) != found:
        raise JobError(
            "ClientError",
            "DataProcessing needs ContentType and Accept that are both text/csv, or both JSON; "
            f"they are {content_type or 'missing'} and {accept or 'missing'}.",
        )
    if found == "csv" and not (split and lines):
        raise JobError("ClientError", "DataProcessing of text/csv needs SplitType Line and AssembleWith Line.")
    return found
