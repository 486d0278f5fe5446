"""Authentication-Results (RFC 8601): what a server wrote, and what cannot have been meant."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.results import Result, Results, read_results


def only(value: str) -> Result:
    found = read_results(value)
    assert found is not None
    (result,) = found.results
    return result


@pytest.mark.parametrize(
    "value",
    [
        "mx.a.example; dmarc=pass header.from=b.example",
        "MX.A.example 1; DMARC=Pass Header.From=B.example",
        "mx.a.example(own)1(still); dmarc(by (nested \\) us))=(x)pass (p) header.from=b.example;",
        '"mx.a.example"; dmarc/1=pass header.from="b.example"',
        "mx.a.example;dmarc = pass header.from = b.example ;",
    ],
)
def test_one_result_in_many_spellings(value: str) -> None:
    found = read_results(value)
    assert found == Results(
        "mx.a.example", (Result("dmarc", "pass", {"header.from": "b.example"}),)
    )


def test_several_results_and_a_reason() -> None:
    found = read_results(
        'mx; spf=pass smtp.mailfrom=x@b.example; dkim=pass reason="good; dmarc=pass" header.d=b'
        " header.b=AbC/1=; dkim=fail header.d=c; dmarc=none"
    )
    assert found is not None
    assert [(one.method, one.value) for one in found.results] == [
        ("spf", "pass"), ("dkim", "pass"), ("dkim", "fail"), ("dmarc", "none"),
    ]  # fmt: skip
    assert found.results[1].properties["header.b"] == "abc/1="
    assert found.of("dmarc") == (Result("dmarc", "none", {}),)


def test_nothing_found() -> None:
    assert read_results("mx.a.example; none") == Results("mx.a.example", ())


@pytest.mark.parametrize(
    "value",
    [
        "", ";", ";;;", "mx", "mx;", "mx dmarc=pass", "mx 2; dmarc=pass", "mx 1 1; dmarc=pass",
        "mx evil; dmarc=pass", "dmarc=pass", "; dmarc=pass", "mx; (dmarc=pass)", "mx; dmarc=pass (",
        'mx; dmarc="pass', "mx; dmarc", "mx; dmarc=", "mx; =pass", "mx; dmarc=pass header.from",
        "mx; dmarc=pass header.from=a header.from=b", "mx; none; dmarc=pass", "(mx; dmarc=pass",
        "mx; dmarc=pass\\", "mx; dmarc=pass)", "mx; " + "x" * 9_000,
    ],
)  # fmt: skip
def test_what_is_not_well_formed_says_nothing(value: str) -> None:
    assert read_results(value) is None


_WORD = st.text(string.ascii_lowercase + string.digits + "-._", min_size=1, max_size=12)
_GAP = st.sampled_from(["", " ", "\t ", "(a comment; dmarc=pass)", " (a (nested) one) ", "(\\))"])


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    server=_WORD,
    results=st.lists(
        st.tuples(_WORD, _WORD, st.dictionaries(_WORD.map(lambda w: f"header.{w}"), st.text(
            string.printable.replace("\r", "").replace("\n", ""), max_size=12), max_size=3)),
        min_size=1, max_size=4,
    ).filter(lambda found: all(name != "none" for name, _, _ in found)),
    gaps=st.lists(_GAP, min_size=40, max_size=40),
)  # fmt: skip
def test_what_is_written_by_the_grammar_is_read_back(
    server: str, results: list[tuple[str, str, dict[str, str]]], gaps: list[str]
) -> None:
    gap = iter(gaps * 3)

    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    written = server + next(gap)
    for method, value, properties in results:
        written += f";{next(gap)}{method}{next(gap)}={next(gap)}{value}{next(gap)}"
        for name, text in properties.items():
            written += f" {name}{next(gap)}={next(gap)}{quoted(text)}{next(gap)}"
    found = read_results(written)
    assert found is not None, written
    assert found.server == server
    assert [(one.method, one.value, dict(one.properties)) for one in found.results] == [
        (method, value, {name: text.lower() for name, text in properties.items()})
        for method, value, properties in results
    ]


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.text('mx.a;="()\\ dmarc=pass1\t', max_size=60))
def test_any_text_is_read_or_refused(value: str) -> None:
    found = read_results(value)
    assert found is None or found.server
