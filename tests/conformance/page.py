"""``python -m tests.conformance.page``: writes docs/conformance.md from the list of differences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tests.conformance.difference import Difference
from tests.conformance.differences import FRAMEWORK, REPACKED, REPACKING, SDK, SHARED
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "conformance.md"

HEAD = """\
<!-- Written by `python -m tests.conformance.page` from tests/conformance/differences.py; edit that. -->

# Conformance

`make conformance` builds the same pipelines twice: with this package's compiler, and with the
[SageMaker Python SDK](https://sagemaker.readthedocs.io/en/v2/) {version}, in an environment that has nothing of this
package. It builds the folders of `configs/`, and one conf with every key that the SDK has a place for, each of them
with and without a network and a key of one's own. The SDK's side does what the conf's documentation promises, in the
way that the SDK's documentation recommends.

Then all values of both definitions are compared. Those that differ are on this page, each with its reason. A value
that differs and is not on this page fails the test; so does one that is on this page and differs no more.

Two things are left out, since they mean nothing: the order of keys and of named inputs, and which hash stands in the
address of a script (both sides use one over its content).

In the tables, `…` is any text, and `*` the same text on both sides. BUCKET is the configured bucket, PIPELINE the
pipeline's name, STEP the step's. What stands in braces is filled in by SageMaker when it runs. `Repack` is the step
that puts the inference code into a model's archive; other first parts are the conf's step classes.
"""

FRAMEWORK_HEAD = """\
The format of the confs comes from a
[framework](https://github.com/aws-samples/dynamic-model-training-with-amazon-sagemaker-pipelines) that is written
with the SDK. Its own examples, where they are at hand, are compared with what it makes of them in the same way.
Besides the differences of the first section, these are the places where it does otherwise than it documents.
"""

SECTIONS: Sequence[tuple[str, str, str, Sequence[Difference]]] = (
    ("Everywhere", "", "SDK", SHARED),
    ("With keys that the SDK knows otherwise", "", "SDK", SDK),
    ("Where a model is repacked: the steps that use it", "", "SDK", REPACKED),
    ("Where a model is repacked: the step that does it", "", "SDK", REPACKING),
    ("The framework", FRAMEWORK_HEAD, "framework", FRAMEWORK),
)


def render() -> str:
    """The page's text."""
    lines = [HEAD.format(version=_sdk_version())]
    for section in SECTIONS:
        lines += _section(*section)
    return "\n".join(lines)


def _sdk_version() -> str:
    lock = (REPOSITORY / ".ci" / "locks" / "sdk.txt").read_text()
    return next(line.partition("==")[2] for line in lock.splitlines() if line.startswith("sagemaker=="))


def _section(title: str, head: str, theirs: str, differences: Iterable[Difference]) -> Iterator[str]:
    yield f"## {title}\n"
    if head:
        yield head
    by_reason: dict[str, list[Difference]] = {}
    for difference in differences:
        by_reason.setdefault(difference.reason, []).append(difference)
    for reason, group in by_reason.items():
        yield f"{reason}\n"
        yield f"| where | here | {theirs} |"
        yield "| --- | --- | --- |"
        for difference in group:
            cells = (_code(difference.where), _value(difference.ours), _value(difference.theirs))
            yield f"| {' | '.join(cells)} |"
        yield ""


def _value(text: str) -> str:
    return text if text == "absent" else _code(text)


def _code(text: str) -> str:
    return f"`{text}`"


if __name__ == "__main__":
    PAGE.write_text(render())
