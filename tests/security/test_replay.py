"""A repeated call gets what the first one got, or the effect itself, and never nothing."""

from tests.support import City

ASKED = {"question": "Wann ist die Bücherei offen?"}


def test_a_stream_is_not_replayed_as_an_empty_answer(city: City) -> None:
    headers = {"idempotency-key": "one", "accept": "text/event-stream"}
    first, second = (city.call("rag-query", body=ASKED, headers=dict(headers)) for _ in range(2))
    assert first.raw.startswith(b"event: answer")
    assert second.raw.startswith(b"event: answer")


def test_an_answer_is_replayed_word_for_word(city: City) -> None:
    first, second = (city.call("rag-query", body=ASKED, headers={"idempotency-key": "two"}) for _ in range(2))
    assert second.raw == first.raw
    assert second.headers["Idempotency-Replayed"] == "true"
