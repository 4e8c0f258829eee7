"""A city's logo: made small and safe, shown to everyone and to mail programs, known to every function."""

import base64
import io

import pytest
from PIL import Image

from tests.city.factories import registered, resolved
from tests.city.test_header import picture
from tests.support import City, call

pytestmark = pytest.mark.usefixtures("thirdparty")


def upload(by: City, data: bytes, role: str = "super_city_admin"):
    body = {"logo": {"picture": {"content": base64.b64encode(data).decode()}}}["logo"]
    return by.call("upload-city-logo", role, path=f"/api/cities/{by.id}/logo", body=body)


def test_a_logo_is_small_shown_by_an_address_of_its_own_and_known_to_every_function(city: City) -> None:
    with registered(city) as made:
        assert call("get-city-logo", path=f"/api/cities/{made.id}/logo").code == "LOGO_NOT_FOUND"
        assert resolved(str(made.id)).logo == ""
        kept = upload(made, picture("PNG", (1200, 600)))
        assert (kept.status, kept.body["width"], kept.body["height"]) == (200, 400, 200)
        address = kept.body["logoUrl"]
        assert call("get-city", path=f"/api/cities/{made.id}").body["logoUrl"] == address
        assert (resolved(str(made.id)).logo, resolved(str(made.id)).colour) == (address, "#00508c")
        path, _, query = address.partition("?")
        shown = call("get-city-logo", path=path, query=query)
        assert (shown.status, shown.headers["Cache-Control"]) == (200, "public, max-age=86400")
        assert Image.open(io.BytesIO(shown.raw)).size == (400, 200)
        assert upload(made, picture("JPEG")).body["logoUrl"] != address


def test_a_changed_colour_is_the_colour_of_the_next_mail(city: City) -> None:
    with registered(city) as made:
        changes = {"theme": {"primary": "#8a1538"}}
        assert (
            made.call("update-city", "super_city_admin", path=f"/api/cities/{made.id}", body=changes).status
            == 200
        )
        assert resolved(str(made.id)).colour == "#8a1538"


def test_what_mail_programs_do_not_show_is_refused(city: City) -> None:
    with registered(city) as made:
        for data in (picture("WEBP"), b"<svg/>", b"\x89PNG\r\n\x1a\n"):
            assert upload(made, data).code == "CITY_LOGO_INVALID"
        assert upload(made, b"x" * (2 * 1024 * 1024 + 1)).status == 413
        assert upload(made, picture(), "editor").status == 403
