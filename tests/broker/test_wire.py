"""Events on the wire: what is written is what is read."""

import json

from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from broker.event import FORBIDDEN, Event
from broker.outcome import MAX_RETRY_AFTER, Verdict, judge, judge_tick
from broker.wire import read_events, write_headers, write_json

TEXT = st.text(min_size=1, max_size=60).filter(lambda text: not FORBIDDEN.search(text))
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20).filter(
    lambda name: (
        name
        not in {
            "data",
            "specversion",
            "id",
            "source",
            "type",
            "subject",
            "time",
            "dataschema",
            "datacontenttype",
        }
    )
)
EVENTS = st.builds(
    lambda source, event_id, kind, extensions, data, content_type: Event(
        source, event_id, kind, {"specversion": "1.0", **extensions, **content_type}, data
    ),
    TEXT,
    TEXT,
    TEXT,
    st.dictionaries(NAMES, TEXT, max_size=8),
    st.binary(max_size=50),
    st.sampled_from(
        [{}, {"datacontenttype": "application/json; charset=utf-8"}, {"datacontenttype": "image/svg+xml"}]
    ),
)


@given(EVENTS)
def test_binary_mode_keeps_every_attribute_and_every_byte(event: Event) -> None:
    headers = CIMultiDict(write_headers(event))
    assert all(value.isascii() and value.isprintable() for value in headers.values())
    assert read_events(headers, event.data) == [event]


@given(EVENTS)
def test_the_json_format_keeps_every_attribute(event: Event) -> None:
    written = json.dumps(write_json(event)).encode()
    (read,) = read_events(CIMultiDict({"Content-Type": "application/cloudevents+json"}), written)
    assert (read.source, read.id, read.type) == (event.source, event.id, event.type)
    assert {**read.attributes, "datacontenttype": ""} == {**event.attributes, "datacontenttype": ""}


def test_quoted_and_needlessly_encoded_headers_are_read() -> None:
    headers = CIMultiDict(
        {"CE-SpecVersion": "1.0", "ce-id": '"a \\"b\\" %41"', "ce-source": "%2Fs", "ce-type": "t"}
    )
    (event,) = read_events(headers, b"")
    assert (event.id, event.source) == ('a "b" A', "/s")


def test_a_date_to_wait_for_is_understood_and_no_wait_is_absurd() -> None:
    for value, expected in (
        ("Wed, 21 Oct 2099 07:28:00 GMT", MAX_RETRY_AFTER),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 99 Oct 2099", 0.0),
        ("-5", 0.0),
        ("٣", 3.0),
        ("", 0.0),
        ("9" * 400, MAX_RETRY_AFTER),
    ):
        outcome = judge(503, CIMultiDict({"Retry-After": value}), b"")
        assert (outcome.verdict, outcome.retry_after) == (Verdict.LATER, expected), value


def test_a_tick_may_answer_with_any_body() -> None:
    assert judge_tick(200, CIMultiDict({"ce-specversion": "1.0"}), b"swept 3").verdict is Verdict.DONE
    assert judge_tick(500, CIMultiDict(), b"").verdict is Verdict.AGAIN
    assert judge_tick(422, CIMultiDict(), b"").verdict is Verdict.DEAD
