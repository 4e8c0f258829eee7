"""The chatbot is asked in the words of the requirements (§9.4), too."""

from uuid import uuid4

import pytest

from shared.kit.ids import new_id
from tests.support import City, call

ASKED = {"question": "Wann hat das Bad offen?"}


def test_the_city_may_be_named_and_the_answer_has_both_names(city: City) -> None:
    conversation = city.call("rag-query", body=ASKED).body["conversationId"]
    got = city.call("rag-query", body=ASKED | {"conversationId": conversation, "tenantId": str(city.id)})
    assert got.status == 200, got.body
    assert got.body["response"] == got.body["answer"]
    assert got.body["conversationId"] == conversation


def test_another_city_in_the_body_is_refused(city: City, other_city: City) -> None:
    refused = city.call("rag-query", body=ASKED | {"tenantId": str(other_city.id)})
    assert (refused.status, refused.code) == (403, "TENANT_MISMATCH")


def conversation(city: City, role: str = "", said: str | None = None, **claims: object) -> str:
    """In which conversation somebody finds themselves who goes on with `said`."""
    token = city.token(role, **claims) if role else ""
    got = call(
        "rag-query",
        body=ASKED | ({"conversationId": said} if said else {}),
        tenant=city.tenant.slug,
        token=token,
    )
    assert got.status == 200, got.body
    return str(got.body["conversationId"])


def test_a_conversation_goes_on_with_whoever_began_it_and_with_nobody_else(city: City) -> None:
    mine = conversation(city, "editor")
    assert conversation(city, "editor", mine) == mine
    assert conversation(city, "city_admin", mine) != mine
    assert conversation(city, "", mine) != mine
    asked = city.rows("chatbot", "SELECT count(*) FROM exchanges WHERE conversation_id = :id", id=mine)
    assert asked == [[2]]


def test_without_an_account_a_conversation_is_whose_holds_its_id_and_goes_along_to_the_account(
    city: City,
) -> None:
    anybodys = conversation(city)
    assert conversation(city, "", anybodys) == anybodys == conversation(city, "editor", anybodys)


@pytest.mark.parametrize(
    "invented",
    [str(uuid4()), str(new_id()), "00000000-0000-8000-8000-000000000000"],
    ids=["random", "of now", "of nobody"],
)
def test_an_invented_conversation_begins_anew(city: City, invented: str) -> None:
    assert conversation(city, "", invented) != invented


def test_a_conversation_is_one_citys(city: City, other_city: City) -> None:
    here = conversation(city)
    assert conversation(other_city, "", here) != here
