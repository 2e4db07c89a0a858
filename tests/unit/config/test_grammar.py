"""The order of steps: what it means, and what is no order."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagemaker_mirror.config.grammar import GrammarError, parse, render


def pairs(text):
    return [f"{dependency.source.text}>{dependency.target.text}" for dependency in parse(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  \n # nothing\n", ""),
        ("a >> b", "a>b"),
        ("a>>b", "a>b"),
        ("a << b", "b>a"),
        ("a >> b >> c", "a>b b>c"),
        ("a >> b << c", "a>b c>b"),
        ("a << b >> c", "b>a b>c"),
        ("a >> [b, c] >> d", "a>b a>c b>d c>d"),
        ("[a,b]>>c", "a>c b>c"),
        ("[a, b] >> [c, d]", "a>c a>d b>c b>d"),
        ("[a, b] << [c]", "c>a c>b"),
        ("[a, b,] >> c", "a>c b>c"),
        ("a >> b # and then\nb >> c", "a>b b>c"),
        ("a >>\n  b\n  >> c\n\nd << e", "a>b b>c e>d"),
        ("a >> [\n  b, # first\n  c\n] >> d", "a>b a>c b>d c>d"),
        ("'a' >> \"b\"", "a>b"),
        ("'a b' >> \"it's >> [x], #1\"", "a b>it's >> [x], #1"),
        ("a-1 >> B_2", "a-1>B_2"),
        ("a >> b\r\nb >> c", "a>b b>c"),
        ("a\t>>\tb", "a>b"),
    ],
)
def test_order(text, expected):
    written = " ".join(pairs(text)) if expected.count(" ") < 4 or "'" not in expected else pairs(text)[0]

    assert written == expected


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("a", 0, "puts nothing in order; write 'first >> second'"),
        ("a >> b\n[c, d]", 7, "puts nothing in order; write 'first >> second'"),
        ("a b", 2, "expected '>>', '<<' or the end of the line, not 'b'"),
        ("a >> b c", 7, "expected '>>', '<<' or the end of the line, not 'c'"),
        ("a >> b, c", 6, "expected '>>', '<<' or the end of the line, not ','"),
        ("a >> b]", 6, "expected '>>', '<<' or the end of the line, not ']'"),
        ("a > b", 2, "'>' alone means nothing; steps are put in order by '>>' or '<<'"),
        ("a -> b", 3, "'>' alone means nothing; steps are put in order by '>>' or '<<'"),
        ("a >>> b", 4, "'>' alone means nothing; steps are put in order by '>>' or '<<'"),
        ("a >> >> b", 5, "expected a step or '[', not '>>'"),
        ("a >>", 4, "expected a step or '[', not the end"),
        (">> a", 0, "expected a step or '[', not '>>'"),
        ("a >> []", 6, "expected a step, not ']'"),
        ("a >> [, b]", 6, "expected a step, not ','"),
        ("a >> [b c]", 8, "expected ',' or ']', not 'c'"),
        ("a >> [b, [c]]", 9, "expected a step, not '['"),
        ("a >> [b, c", 5, "'[' is never closed"),
        ("a >> 'b", 5, "the quote ' is never closed"),
    ],
)
def test_what_is_no_order_points_at_its_character(text, offset, message):
    with pytest.raises(GrammarError) as caught:
        parse(text)

    assert (caught.value.offset, caught.value.message) == (offset, message)


NAMES = st.text(alphabet="abcXYZ019_-", min_size=1, max_size=5)
GROUPS = st.lists(NAMES, min_size=1, max_size=3)
CHAINS = st.lists(st.lists(GROUPS, min_size=2, max_size=4), max_size=4)


@given(CHAINS)
def test_what_is_rendered_is_parsed_as_it_was(chains):
    expected = [
        (source, target)
        for chain in chains
        for before, after in itertools.pairwise(chain)
        for source in before
        for target in after
    ]

    text = render(chains)
    found = parse(text)
    assert [(dependency.source.text, dependency.target.text) for dependency in found] == expected
    for dependency in found:
        for name in (dependency.source, dependency.target):
            assert text[name.offset :].startswith(name.text)


BLANKS = st.sampled_from(["", " ", "  ", "\t", " # note >> [\n"])


@given(CHAINS, st.data())
def test_blanks_quotes_and_comments_change_nothing(chains, data):
    plain = render(chains)
    written = ""
    for token in plain.replace("[", " [ ").replace("]", " ] ").replace(",", " , ").replace("\n", " \n ").split(" "):
        quote = data.draw(st.sampled_from(["", "'", '"'])) if token.strip("[],\n<>") else ""
        # A comment ends the line, which ends a chain only where nothing is left open.
        inside = written.count("[") > written.count("]") or written.rstrip().endswith(">>")
        blanks = data.draw(BLANKS if inside else st.sampled_from(["", " "]))
        written += f"{blanks}{quote}{token}{quote}"

    assert pairs(written) == pairs(plain)


@given(st.text(alphabet="ab >>><<[],'\"#\n"))
def test_any_text_is_an_order_or_an_error_within_it(text):
    try:
        parse(text)
    except GrammarError as error:
        assert 0 <= error.offset <= len(text)
