"""Imprint, privacy and accessibility: drafted with the city, written in versions, published for everyone, and
wanted by the law.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from shared.kit.settings import settings
from tests.city.factories import platform, publish_imprint, registered
from tests.support import City, call, superuser

CONTACT = {
    "name": "Rathaus <Süd>",
    "street": "Obertorstraße 9",
    "postcode": "69469",
    "city": "Weinheim",
    "phone": "06201 820",
    "email": "rathaus@weinheim.example",
}


def save(by: City, which: object, kind: str = "imprint", role: str = "super_city_admin", **fields: Any):
    body = {"language": "de", "text": "<p>Stadt Weinheim</p>"} | fields
    return by.call("save-legal-text", role, path=f"/api/cities/{which}/legal/{kind}", body=body)


def read(which: object, kind: str = "imprint", query: str = "", **parts: Any):
    return call("get-legal-text", path=f"/api/cities/{which}/legal/{kind}", query=query, **parts)


def versions(by: City, which: object, query: str = "", role: str = "super_city_admin"):
    return by.call("list-legal-texts", role, path=f"/api/cities/{which}/legal", query=query)


def test_a_new_city_has_drafts_of_all_kinds_with_its_contact_and_nobody_sees_them_yet(city: City) -> None:
    with registered(
        city, contact=CONTACT, languages=["de", "en", "tr"], website="https://www.weinheim.example"
    ) as made:
        drafts = versions(made, made.id).body["items"]
        assert sorted((draft["kind"], draft["language"]) for draft in drafts) == [
            (kind, language) for kind in ("accessibility", "imprint", "privacy") for language in ("de", "en")
        ]
        assert {(draft["version"], draft["published"], draft["writtenBy"]) for draft in drafts} == {
            (1, False, None)
        }
        [imprint] = [d["text"] for d in drafts if (d["kind"], d["language"]) == ("imprint", "de")]
        assert "Obertorstraße 9" in imprint
        assert "Rathaus &lt;Süd&gt;" in imprint
        assert read(made.id).code == "LEGAL_TEXT_NOT_FOUND"


def test_a_city_without_german_and_english_has_german_drafts(city: City) -> None:
    with registered(city, languages=["tr"]) as made:
        drafts = versions(made, made.id).body["items"]
        assert {draft["language"] for draft in drafts} == {"de"}
        assert all("[…]" in draft["text"] for draft in drafts)


def test_what_is_published_is_read_by_everyone_in_their_language_or_the_citys_first(city: City) -> None:
    with registered(city, languages=["de", "en"]) as made:
        assert save(made, made.id, text="<p>Deutsch</p>", publish=True).body["version"] == 2
        assert save(made, made.id, text="<p>English</p>", language="en", publish=True).status == 201
        assert read(made.tenant.slug).body["text"] == "<p>Deutsch</p>"
        assert read(made.id, query="language=en").body["text"] == "<p>English</p>"
        assert read(made.id, headers={"accept-language": "en-GB"}).body["language"] == "en"
        assert read(made.id, query="language=tr").body["language"] == "de"
        assert set(read(made.id).body) == {"kind", "language", "version", "text", "published", "createdAt"}


def test_a_draft_does_not_replace_what_is_published_and_versions_are_kept(city: City) -> None:
    with registered(city) as made:
        for text, publish in (("one", True), ("two", False), ("three", True), ("four", False)):
            assert save(made, made.id, "privacy", text=text, publish=publish).status == 201
        assert read(made.id, "privacy").body["text"] == "three"
        kept = versions(made, made.id, "kind=privacy&language=de&limit=4").body
        assert [(item["version"], item["text"], item["published"]) for item in kept["items"]] == [
            (5, "four", False),
            (4, "three", True),
            (3, "two", False),
            (2, "one", True),
        ]
        assert kept["items"][0]["writtenBy"] == str(made.person("super_city_admin"))
        assert [
            i["version"]
            for i in versions(made, made.id, f"kind=privacy&language=de&cursor={kept['nextCursor']}").body[
                "items"
            ]
        ] == [1]


def test_the_database_itself_lets_nobody_change_a_version(city: City) -> None:
    for column in ("text", "published", "version", "kind"):
        assert city.rows(
            "city", "SELECT has_column_privilege('legal_texts', :column, 'UPDATE')", column=column
        ) == [[False]], column


def test_scripts_are_taken_out_and_what_nobody_could_see_is_refused(city: City) -> None:
    with registered(city) as made:
        saved = save(
            made,
            made.id,
            text='<p onclick="x()">Stadt <script>alert(1)</script><a href="javascript:x">A</a></p>',
            publish=True,
        )
        assert saved.body["text"] == '<p>Stadt <a rel="noopener noreferrer nofollow">A</a></p>'
        for nothing in ("<script>alert(1)</script>", "<p> &nbsp; <br></p>", "   "):
            assert save(made, made.id, text=nothing, publish=True).status == 422, nothing


def test_gaps_may_be_kept_but_not_published(city: City) -> None:
    with registered(city) as made:
        assert save(made, made.id, text="Vertreten durch […]").status == 201
        refused = save(made, made.id, text="Vertreten durch […]", publish=True)
        assert (refused.status, read(made.id).status) == (422, 404)


def test_writers_at_the_same_time_get_versions_one_after_the_other(city: City) -> None:
    with registered(city) as made, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: save(made, made.id, text=f"text {n}", publish=True), range(16)))
        assert sorted(answer.body["version"] for answer in answers) == list(range(2, 18))


def test_a_city_without_a_published_imprint_in_its_first_language_cannot_be_activated(city: City) -> None:
    with registered(city, languages=["de", "en"]) as made:
        save(made, made.id, text="only a draft")
        save(made, made.id, text="English", language="en", publish=True)
        save(made, made.id, "privacy", publish=True)
        platform(city, "deactivate-city", made.id, "/deactivate")
        refused = platform(city, "activate-city", made.id, "/activate")
        assert (refused.status, refused.code) == (409, "CITY_LACKS_IMPRINT")
        assert platform(city, "get-city", made.id).status == 404
        body = {"language": "de", "text": "Stadt Weinheim", "publish": True}
        assert platform(city, "save-legal-text", made.id, "/legal/imprint", body=body).status == 201
        assert platform(city, "activate-city", made.id, "/activate").body["active"] is True


def test_a_city_that_is_switched_off_publishes_nothing(city: City) -> None:
    with registered(city) as made:
        publish_imprint(made)
        assert read(made.id).status == 200
        platform(city, "deactivate-city", made.id, "/deactivate")
        assert read(made.id).code == "CITY_NOT_FOUND"


def test_nobody_writes_or_lists_another_citys_texts(city: City) -> None:
    with registered(city) as mine, registered(city) as foreign:
        for refused in (save(mine, foreign.id, publish=True), versions(mine, foreign.id)):
            assert (refused.status, refused.code) == (404, "CITY_NOT_FOUND")
        assert save(mine, mine.id, role="city_admin").code == "FORBIDDEN"
        assert versions(mine, mine.id, role="editor").code == "FORBIDDEN"
        assert read(foreign.id).status == 404
        assert mine.rows("city", "SELECT 1 FROM legal_texts WHERE tenant_id = :id", id=foreign.id) == []


def test_a_kind_that_there_is_not_is_refused(city: City) -> None:
    with registered(city) as made:
        assert read(made.id, "recipe").status == 422
        assert save(made, made.id, "recipe").status == 422
        assert save(made, made.id, language="xx").status == 422


def test_erasing_the_writer_leaves_the_text(city: City) -> None:
    with registered(city) as made:
        publish_imprint(made)
        from functions.city.models import MODELS
        from shared.db.privacy import NOBODY_ID, erase

        work = made.sql("city")
        erase(work, made.id, made.person("super_city_admin"), MODELS)
        work.commit()
        with superuser(settings().postgres_database_prefix + "city") as connection:
            rows = connection.run(
                "SELECT text, written_by FROM legal_texts WHERE tenant_id = :id AND published", id=made.id
            )
        assert rows == [["<p>Stadt Weinheim, Obertorstraße 9</p>", NOBODY_ID]]
