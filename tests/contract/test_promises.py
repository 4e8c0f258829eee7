"""How promises grow: HEIDI_PROMISE adds, and takes nothing back that is not named."""

from typing import Any

import pytest

from tests.contract.promises import Promises, extended, kept, problems, promised

TYPE, OTHER = "app.heidi.listing.created", "app.heidi.listing.approved"


def event(**fields: str) -> dict[str, Any]:
    return {"version": 1, "fields": {name: {"type": kind} for name, kind in fields.items()}}


PROMISED: Promises = {TYPE: event(listingId="string", title="string")}


@pytest.mark.parametrize(
    ("said", "required", "problem"),
    [
        ({TYPE: event(listingId="string")}, set(), "title has changed or vanished"),
        ({TYPE: event(listingId="string", title="integer")}, set(), "title has changed or vanished"),
        ({TYPE: event(listingId="string", title="string", new="string")}, {"new"}, "new needs a default"),
        ({OTHER: event()}, set(), "is not said any more"),
    ],
)
def test_a_broken_promise_stays_broken_however_often_it_is_written_down(
    said: Promises, required: set[str], problem: str
) -> None:
    needs = dict.fromkeys(said, required)
    for order in ("1", "break:listing.approved"):
        promised = extended(PROMISED, said, needs, order)
        assert promised[TYPE] == PROMISED[TYPE]
        [found] = problems(promised, said, needs)
        assert problem in found


def test_what_no_commit_has_promised_may_still_change() -> None:
    assert kept(promised() | {"app.heidi.nobody.heard": event()}).keys() <= promised().keys()


def test_what_is_new_is_promised() -> None:
    said = {TYPE: event(listingId="string", place="string", title="string"), OTHER: event(listingId="string")}
    needs: dict[str, set[str]] = {TYPE: set(), OTHER: {"listingId"}}
    promised = extended(PROMISED, said, needs, "1")
    assert promised == said
    assert list(promised) == sorted(said)
    assert list(promised[TYPE]["fields"]) == ["listingId", "place", "title"]
    assert problems(promised, said, needs) == []


def test_a_promise_is_broken_by_name_alone() -> None:
    said = {TYPE: event(listingId="string")}
    needs: dict[str, set[str]] = {TYPE: set()}
    assert extended(PROMISED | {OTHER: event(x="string")}, said, needs, "break:listing.created") == said | {
        OTHER: event(x="string")
    }
    assert extended(PROMISED, {}, {}, "break:listing.created, listing.approved") == {}
