"""The scenes, in their order; each docstring is what the audience reads first."""

import hashlib
import io
import re
import secrets
import zipfile
from collections.abc import Callable
from typing import Any

import httpx

from tooling.demo import people
from tooling.demo.page import served
from tooling.demo.stage import Person, Stage, expect, member, until
from tooling.seed.accounts import DEMO_PASSWORD

HOME, NEIGHBOUR = "heidelberg", "ladenburg"
PIXELS = 64
LEAFLET = """# Parken

Der Anwohnerparkausweis der Zone Löwenzahn kostet 36 Euro im Jahr und wird im Bürgeramt Mitte ausgestellt.
"""
PAGE = """<html><head><title>Eisbahn</title></head><body><h1>Eisbahn</h1>
<p>Die Eisbahn am Karlsplatz öffnet täglich um 10:30 Uhr. Schlittschuhe werden für 4 Euro verliehen.</p></body></html>"""
ANSWERS = {
    "Was kostet der Anwohnerparkausweis in der Zone Löwenzahn?": "36 Euro",
    "Wann öffnet die Eisbahn am Karlsplatz?": "10:30",
    "Wie viel kostet ein Personalausweis, wenn ich unter 24 Jahre alt bin?": "27,60",
}


def a_city_joins(stage: Stage) -> None:
    """A super admin onboards a third city; its first admin is invited by mail, logs in and opens it with an
    imprint.
    """
    slug, password = f"neckarau-{secrets.token_hex(3)}", "Brücke-am-Fluss-42"
    chief = stage.login("platform", "super-admin@platform.example", DEMO_PASSWORD)
    admin = f"leitung@{slug}.example"
    chief.call(
        "POST",
        "/api/cities",
        expect=201,
        json={
            "slug": slug,
            "name": "Neckarau",
            "languages": ["de", "en"],
            "features": ["chatbot"],
            "admin": {"email": admin, "name": "Kim Roth"},
        },
    )
    stage.say(f"Neckarau is a tenant now ({slug}); its admin has mail.")
    link = stage.mail(admin, "Neckarau")["text"]
    token = re.search(r"token=([^\s&]+)|/([A-Za-z0-9._~-]{20,})", link)
    expect("the invitation holds a link with a token", holds=token is not None)
    assert token is not None  # noqa: S101 (for the type checker)
    stage.anonymous(slug).call(
        "POST",
        "/api/auth/invitations/accept",
        expect=201,
        json={"token": token[1] or token[2], "name": "Kim Roth", "password": password},
    )
    stage.props["new city"] = (slug, admin, password)
    lead = stage.login(slug, admin, password)
    kim = lead.call("GET", "/api/auth/me")
    expect("the first admin is a super city admin", holds="super_city_admin" in kim["roles"])
    stage.anonymous(slug).call("GET", "/api/categories", expect=403)
    stage.say(
        f"Kim Roth accepted and logged in as {', '.join(kim['roles'])}; nobody else can use the city yet."
    )
    lead.call(
        "PUT",
        f"/api/cities/{slug}/legal/imprint",
        expect=201,
        json={
            "language": "de",
            "text": "<p>Stadt Neckarau, Marktplatz 1, vertreten durch Kim Roth</p>",
            "publish": True,
        },
    )
    categories = until(lambda: opened(stage, slug), "the city to open")
    stage.say(f"With its imprint the city is open to everyone; {len(categories)} categories are ready.")


def opened(stage: Stage, slug: str) -> list[Any]:
    """What everyone sees of a city, as soon as all functions know that it is open."""
    found = stage.anonymous(slug).call("GET", "/api/categories", expect=(200, 403))
    items: list[Any] = found.get("items", [])
    return items


def an_editor_writes(stage: Stage) -> None:
    """An editor of Heidelberg creates a listing with a photo; the admins hear of it by mail."""
    editor = member(stage, "editor", HOME)
    device = stage.props["device"] = f"fcm:{secrets.token_hex(8)}"
    editor.call(
        "POST",
        "/api/users/me/devices",
        expect=201,
        json={"deviceId": "demo-phone", "platform": "fcm", "token": device},
    )
    picture = photograph()
    upload = editor.call(
        "POST",
        "/api/media/uploads",
        expect=201,
        json={
            "filename": "lesecafe.png",
            "contentType": "image/png",
            "size": len(picture),
            "alt": "Der Lesesaal",
            "author": "Lena Brandt",
            "licence": "CC BY 4.0",
        },
    )
    httpx.request(
        upload["method"], upload["url"], content=picture, headers=upload["headers"]
    ).raise_for_status()
    editor.call("POST", f"/api/media/{upload['mediaId']}/complete")
    category = editor.call("GET", "/api/categories")["items"][0]
    stage.props["title"] = title = f"Lesecafé Neckarwiese {secrets.token_hex(3)}"
    listing = stage.props["listing"] = editor.call(
        "POST",
        "/api/listings",
        expect=201,
        json={
            "categoryId": category["id"],
            "title": title,
            "summary": "Bücher, Kaffee und ein Platz am Fluss",
            "location": {"lat": 49.4146, "lon": 8.6942},
            "mediaIds": [upload["mediaId"]],
        },
    )
    stage.props["category"] = category["id"]
    expect("an editor's listing waits", holds=listing["status"] == "pending_approval")
    expect("the photo names its author", holds=listing["media"][0]["author"] == "Lena Brandt")
    stage.mail("city-admin@heidelberg.example", title)
    stage.say(f"“{title}” waits for approval; the admins have mail.")


def the_neighbour_sees_nothing(stage: Stage) -> None:
    """The admin of Ladenburg can neither see nor approve what waits in Heidelberg."""
    neighbour = member(stage, "city_admin", NEIGHBOUR)
    listing = stage.props["listing"]["id"]
    neighbour.call("PATCH", f"/api/listings/{listing}/approve", expect=404)
    neighbour.call("GET", f"/api/listings/{listing}", expect=404)
    waiting = neighbour.call("GET", "/api/listings/pending")["items"]
    expect("the neighbour's queue does not hold it", holds=listing not in [item["id"] for item in waiting])
    stage.say("Ladenburg answers 404: for them there is no such listing.")


def the_right_admin_approves(stage: Stage) -> None:
    """Heidelberg's admin approves; the author has a mail and a push; every citizen finds it."""
    listing, title = stage.props["listing"]["id"], stage.props["title"]
    member(stage, "city_admin", HOME).call("PATCH", f"/api/listings/{listing}/approve")
    stage.mail("editor@heidelberg.example", title)
    stage.push(stage.props["device"], title)
    citizen = stage.anonymous(HOME)
    searches = {
        "list": ("/api/listings", {}),
        "category": ("/api/listings", {"category": stage.props["category"]}),
        "search": ("/api/listings/search", {"q": "Lesecafé"}),
        "map nearby": ("/api/listings/nearby", {"lat": 49.4146, "lon": 8.6942, "radius": 200}),
    }
    for way, (path, query) in searches.items():
        found = citizen.call("GET", path, params={"limit": 100, **query})["items"]
        expect(f"found by {way}", holds=listing in [item["id"] for item in found])
    for words, meant in (("Bibliotheken", "ibliothek"), ("Strasse", "traße"), ("Schwimm", "chwimmbad")):
        found = citizen.call("GET", "/api/listings/search", params={"q": words})["items"]
        expect(f"{words} finds {meant}", holds=any(meant in str(item) for item in found))
    stage.say("Published: author told by mail and push; found by list, category, search and on the map.")


def a_rejection_says_why(stage: Stage) -> None:
    """A second listing is rejected; the author reads the reason."""
    editor, title = member(stage, "editor", HOME), f"Flohmarkt {secrets.token_hex(3)}"
    listing = editor.call(
        "POST", "/api/listings", expect=201, json={"categoryId": stage.props["category"], "title": title}
    )
    reason = "Bitte nennen Sie Ort und Uhrzeit."
    member(stage, "city_admin", HOME).call(
        "PATCH", f"/api/listings/{listing['id']}/reject", json={"reason": reason}
    )
    expect(
        "the mail carries the reason", holds=reason in stage.mail("editor@heidelberg.example", title)["text"]
    )
    expect(
        "so does the listing",
        holds=editor.call("GET", f"/api/listings/{listing['id']}")["rejectionReason"] == reason,
    )
    stage.say(f"Rejected, and the author knows why: “{reason}”")


def an_app_is_built(stage: Stage) -> None:
    """A super city admin triggers a build for the web; the app carries the city's name, and is the same each
    time.
    """
    owner = member(stage, "super_city_admin", HOME)
    first, second = (finished_build(owner) for _ in range(2))
    link = owner.call("GET", f"/api/builds/{first['buildId']}/artifact")
    content = httpx.get(link["url"]).content
    manifest = zipfile.ZipFile(io.BytesIO(content)).read("manifest.webmanifest").decode()
    expect("the app is the city's", holds="Heidelberg" in manifest)
    expect(
        "the digest is the file's",
        holds=first["artifactDigest"] == "sha256:" + hashlib.sha256(content).hexdigest(),
    )
    expect("built again it is the same", holds=first["artifactDigest"] == second["artifactDigest"])
    tampered = httpx.get(re.sub(r"(Expires=)\d+", r"\g<1>86400", link["url"])).status_code
    expect("a link cannot be prolonged", holds=tampered == 403)
    stage.say(
        f"{first['artifactName']}: {len(content):,} bytes, twice the same; states: "
        + " → ".join(line["status"] for line in first["log"])
    )


def finished_build(owner: Person) -> dict[str, Any]:
    """A build, from asking for it to its end."""
    build = owner.call("POST", "/api/builds", expect=202, json={"platform": "web"})

    def look() -> dict[str, Any] | None:
        now: dict[str, Any] = owner.call("GET", f"/api/builds/{build['buildId']}")
        return now if now["status"] in {"completed", "failed"} else None

    done = until(look, "the build to finish")
    expect(
        f"the build is completed, not {done['status']} ({done['error']})", holds=done["status"] == "completed"
    )
    return done


def the_chatbot_answers(stage: Stage) -> None:
    """Heidelberg's admin gives the chatbot a document and a web page; it answers with citations, or says it
    does not know.
    """
    admin, citizen = member(stage, "city_admin", HOME), stage.anonymous(HOME)
    with served(PAGE) as url:
        for given in ({"files": {"file": ("parken.md", LEAFLET, "text/markdown")}}, {"json": {"url": url}}):
            wait_until_ready(admin, admin.call("POST", "/api/chatbot/documents", expect=202, **given))
    for question, answer in ANSWERS.items():
        said = ask(citizen, question)
        expect(
            f"{question} is answered: {said['answer']}",
            holds=answer in said["answer"] and bool(said["citations"]),
        )
        stage.say(f"“{question}” — {said['answer'][:160]} [{said['citations'][0]['title']}]")
    unknown = ask(citizen, "Wann wurde der Mars zum ersten Mal von Menschen betreten?")
    expect("it says that it does not know", holds=not unknown["citations"])
    stage.say(f"Something that no document holds — {unknown['answer']}")
    other = ask(stage.anonymous(NEIGHBOUR), next(iter(ANSWERS)))
    expect("the neighbour gets nothing of it", holds="36 Euro" not in other["answer"])


def ask(citizen: Person, question: str) -> dict[str, Any]:
    """What the chatbot answers."""
    answer: dict[str, Any] = citizen.call("POST", "/api/chatbot/query", json={"question": question})
    return answer


def wait_until_ready(admin: Person, document: dict[str, Any]) -> None:
    """Go on when the document has been read and embedded."""
    until(lambda: state_of(admin, document) == "ready" or None, "the document to be ready")


def state_of(admin: Person, document: dict[str, Any]) -> str:
    """How far a document is."""
    state: str = admin.call("GET", f"/api/chatbot/documents/{document['documentId']}")["state"]
    expect(f"the document can be read ({state})", holds=state != "failed")
    return state


def photograph() -> bytes:
    """A small real PNG."""
    from PIL import Image

    out = io.BytesIO()
    Image.linear_gradient("L").resize((PIXELS, PIXELS)).convert("RGB").save(out, "PNG")
    return out.getvalue()


SCENES: tuple[Callable[[Stage], None], ...] = (
    a_city_joins,
    an_editor_writes,
    the_neighbour_sees_nothing,
    the_right_admin_approves,
    a_rejection_says_why,
    an_app_is_built,
    the_chatbot_answers,
    *people.SCENES,
)
