"""What is one line stays one line."""

import pytest

from tests.core.factories import make_category
from tests.support import City

BREAKS = ["\r\nBcc: x@example.org", "\n", "\r", "\x85", "\u2028", "\u2029", "\t"]


@pytest.mark.parametrize("cut", BREAKS)
def test_no_title_holds_a_line_break(city: City, cut: str) -> None:
    body = {"title": f"pending{cut}x", "categoryId": str(make_category(city))}
    assert city.call("create-listing", "editor", body=body).code == "VALIDATION_FAILED"


@pytest.mark.parametrize("cut", BREAKS)
def test_no_name_of_an_invited_person_holds_one(city: City, cut: str) -> None:
    body = {"email": "ada@example.org", "role": "editor", "name": f"Ada{cut}Lenz"}
    assert city.call("invite-user", "city_admin", body=body).code == "VALIDATION_FAILED"


def test_breaks_around_a_line_are_no_part_of_it(city: City) -> None:
    body = {"title": " Lesecaf\u00e9\n", "categoryId": str(make_category(city))}
    assert city.call("create-listing", "editor", body=body).body["title"] == "Lesecaf\u00e9"
