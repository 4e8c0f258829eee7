"""Approval: who may, once, and what is said about it."""

from datetime import datetime
from uuid import uuid4

from tests.core.factories import make_listing
from tests.support import City


def approve(city: City, listing_id: object, role: str = "city_admin", **parts: object):
    return city.call("approve-listing", role, path=f"/api/listings/{listing_id}/approve", **parts)


def test_an_admin_approves_a_pending_listing_and_everyone_sees_it(city: City) -> None:
    listing = make_listing(city)
    approved = approve(city, listing["id"])
    assert approved.status == 200
    assert approved.body["status"] == "published"
    assert approved.body["version"] == listing["version"] + 1
    seen = city.call("get-listing", path=f"/api/listings/{listing['id']}")
    assert seen.status == 200
    assert datetime.fromisoformat(seen.body["publishedAt"]) == datetime.fromisoformat(
        approved.body["publishedAt"]
    )


def test_approval_is_said_once_with_the_contributor(city: City) -> None:
    listing = make_listing(city)
    approve(city, listing["id"])
    [said] = city.events("listing.approved")
    assert said.data["listingId"] == listing["id"]
    assert said.data["contributorId"] == str(city.person("editor"))
    assert said.envelope.actor_id == str(city.person("city_admin"))
    assert [event.data["contentId"] for event in city.events("content.published")] == [listing["id"]]


def test_a_listing_is_not_approved_twice(city: City) -> None:
    listing = make_listing(city)
    approve(city, listing["id"])
    again = approve(city, listing["id"])
    assert (again.status, again.code) == (409, "LISTING_NOT_PENDING")
    assert len(city.events("listing.approved")) == 1


def test_an_author_cannot_approve(city: City) -> None:
    listing = make_listing(city)
    refused = approve(city, listing["id"], "editor")
    assert (refused.status, refused.code) == (403, "FORBIDDEN")


def test_another_citys_admin_does_not_find_it(city: City, other_city: City) -> None:
    listing = make_listing(city)
    refused = approve(other_city, listing["id"])
    assert (refused.status, refused.code) == (404, "LISTING_NOT_FOUND")
    assert city.call("list-pending-listings", "city_admin").body["items"][0]["id"] == listing["id"]
    assert other_city.call("list-pending-listings", "city_admin").body["items"] == []


def test_what_does_not_exist_is_not_found(city: City) -> None:
    assert approve(city, uuid4()).code == "LISTING_NOT_FOUND"


def test_a_rejection_says_why_and_the_author_reads_it(city: City) -> None:
    listing = make_listing(city)
    path = f"/api/listings/{listing['id']}/reject"
    without = city.call("reject-listing", "city_admin", path=path, body={})
    assert without.status == 422
    assert without.body["error"]["details"]["errors"][0]["field"] == "reason"
    rejected = city.call(
        "reject-listing", "city_admin", path=path, body={"reason": "Bitte mit Öffnungszeiten."}
    )
    assert (rejected.status, rejected.body["status"]) == (200, "rejected")
    assert city.events("listing.rejected")[0].data["reason"] == "Bitte mit Öffnungszeiten."
    mine = city.call("get-listing", "editor", path=f"/api/listings/{listing['id']}")
    assert mine.body["rejectionReason"] == "Bitte mit Öffnungszeiten."
    assert city.call("get-listing", path=f"/api/listings/{listing['id']}").status == 404
