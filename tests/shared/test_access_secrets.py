"""A stranger's own thing opens by its secret and by nothing else; its files leave by a link of five minutes."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared import files
from shared.adapters import storage
from shared.auth import access_secrets
from shared.auth.access_secrets import PREFIX, new_secret
from shared.context import Context
from shared.errors import NotFound
from shared.files import PrivateLink
from shared.function import http, record_of, requires
from shared.runtime.pipeline import Function
from shared.telemetry.redaction import scrub
from tests.adapters.conftest import servers, thirdparty
from tests.adapters.running import ThirdParties
from tests.support import Answer, City, send
from tooling.declarations import misfits

__all__ = ["servers", "thirdparty"]
OWN, OTHER = new_secret(), new_secret()
THINGS: dict[UUID, bytes | None] = {uuid4(): OWN.kept, uuid4(): OTHER.kept, uuid4(): None}
MINE, THEIRS, UNOWNED = THINGS
KEY = "modules/defects/photo"


@http.get("/api/probes/{probe_id}/photo", public=True, by_secret=True, raises=[NotFound])
def get_probe_photo(ctx: Context, probe_id: UUID) -> PrivateLink:
    """The photo of a report, for whoever made it, and for staff."""
    may = ctx.opens(THINGS.get(probe_id)) or ctx.may("listings:approve")
    return files.private_link(ctx, KEY, "Größe.png", may=may)


def asked(city: City, probe: UUID = MINE, secret: str = "", *, query: str = "", role: str = "") -> Answer:
    headers = {"x-tenant-id": city.tenant.slug, "x-access-secret": secret}
    if role:
        headers["authorization"] = f"Bearer {city.token(role)}"
    path = f"/api/probes/{probe}/photo{query}"
    return send(Function(record_of(get_probe_photo)), "GET", path, b"", headers)


def test_its_secret_opens_a_thing_and_no_other(city: City, thirdparty: ThirdParties) -> None:
    assert thirdparty
    assert asked(city, MINE, OWN.shown).status == 200
    assert asked(city, THEIRS, OTHER.shown).status == 200
    wrong = [
        asked(city, MINE, OTHER.shown),
        asked(city, MINE),
        asked(city, MINE, OWN.shown + "x"),
        asked(city, MINE, OWN.kept.hex()),
        asked(city, MINE, "x" * 10_000),
        asked(city, UNOWNED, OWN.shown),
        asked(city, uuid4(), OWN.shown),
    ]
    told = {(answer.status, answer.code, answer.body["error"]["message"]) for answer in wrong}
    assert len(told) == 1, "who guesses learns nothing, not even that there is such a thing"
    assert {status for status, _, _ in told} == {404}


def test_an_address_is_no_place_for_it(city: City) -> None:
    assert asked(city, MINE, query=f"?secret={OWN.shown}").status in {404, 422}


def test_whoever_may_see_it_anyway_needs_none(city: City, thirdparty: ThirdParties) -> None:
    assert thirdparty
    assert asked(city, MINE, role="city_admin").status == 200
    assert asked(city, MINE, role="editor").status == 404


def test_the_link_saves_the_file_for_five_minutes_and_is_kept_by_nobody(
    city: City, thirdparty: ThirdParties
) -> None:
    storage.put(city.id, KEY, b"<script>", "text/html")
    answer = asked(city, MINE, OWN.shown)
    assert answer.headers["Cache-Control"] == "private, no-store"
    file = httpx.get(answer.body["url"])
    assert (file.status_code, file.content) == (200, b"<script>")
    assert file.headers["content-disposition"].startswith("attachment;")
    assert "filename*=UTF-8''Gr%C3%B6%C3%9Fe.png" in file.headers["content-disposition"]
    assert file.headers["cache-control"] == "private, no-store"
    with thirdparty.clock.later(files.PRIVATE_SECONDS + 1):
        assert httpx.get(answer.body["url"]).status_code == 403
    shown = answer.body["url"].replace("private%2C%20no-store", "public")
    assert httpx.get(shown).status_code == 403, "what the link says of caches is signed"


def test_no_two_secrets_are_alike_and_logs_do_not_show_one() -> None:
    found = {new_secret().shown for _ in range(100)}
    assert len(found) == 100
    assert all(each.startswith(PREFIX) and len(each) == len(PREFIX) + 43 for each in found)
    said = f"x-access-secret: {OWN.shown}"
    assert OWN.shown not in scrub(said)
    assert access_secrets.hash_of(OWN.shown) == OWN.kept


def test_who_does_not_say_so_cannot_ask(city: City) -> None:
    def handler(ctx: Context) -> None: ...

    ctx = Context(record_of(http.get("/api/x", public=True)(handler)), city.tenant)
    with pytest.raises(TypeError, match="by_secret=True"):
        ctx.opens(OWN.kept)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [({"cache": ("listing",)}, "kept by nobody"), ({"public": False}, "public=True")],
)
def test_what_would_open_or_keep_too_much_is_refused(facts: dict[str, Any], sentence: str) -> None:
    def handler(ctx: Context) -> None: ...

    made = handler if facts.get("public", True) else requires("listings:approve")(handler)
    record = record_of(http.get("/api/x", **{"public": True, "by_secret": True} | facts)(made))
    assert any(sentence in problem for problem in misfits(record))
