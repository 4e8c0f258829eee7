"""The account's name and language follow the profile."""

from datetime import timedelta

from tests.auth.people import join, login, said
from tests.support import City, call, deliver


def test_a_changed_name_is_in_the_next_login(city: City) -> None:
    person = join(city)
    deliver("create-profile", city.events("user.created")[-1])
    body = login(city, person).body
    assert (
        call(
            "update-my-profile", token=body["accessToken"], body={"name": "Ada Lovelace", "language": "en"}
        ).status
        == 200
    )
    deliver("follow-profile", city.events("user.updated")[-1])
    assert login(city, person).body["user"]["name"] == "Ada Lovelace"
    assert city.rows("auth", "SELECT language FROM accounts") == [["en"]]


def test_an_older_change_that_arrives_late_does_not_win(city: City) -> None:
    person = join(city)
    newer = said(city, "user.updated", {"userId": str(person.id), "name": "Neu", "language": "en"})
    before = newer.envelope.time - timedelta(seconds=5)
    older = said(city, "user.updated", {"userId": str(person.id), "name": "Alt", "language": "de"}, before)
    for event in (newer, older, newer):
        assert deliver("follow-profile", event).status == 204
    assert city.rows("auth", "SELECT name, language FROM accounts") == [["Neu", "en"]]
