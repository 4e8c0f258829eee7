import json
import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.factory.pwa_support import Page, bundle, config

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium to open the app in")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=de",
    "--virtual-time-budget=15000",
    "--dump-dom",
]
ATTACK = "document.title='taken'"
EVIL = {
    "id": "evil",
    "slug": "evil",
    "categoryId": "c1",
    "status": "published",
    "language": "de",
    "title": f'<img src=x onerror="{ATTACK}">',
    "summary": f"<script>{ATTACK}</script>",
    "description": f'<p onclick="{ATTACK}">Gut <b>fett</b><script>{ATTACK}</script><img src=x onerror="{ATTACK}">'
    f"<a href=\"javascript:{ATTACK}\">falsch</a><a href='https://city.example/'>richtig</a>"
    f"<iframe srcdoc='<script>parent.{ATTACK}</script>'></iframe><svg onload=\"{ATTACK}\"></svg></p>",
    "address": {"street": f"<svg/onload={ATTACK}>", "postcode": "69117", "city": "Heidelberg"},
    "location": {"lat": 49.41, "lon": 8.71},
    "openingHours": {"days": {"monday": [["08:00", "12:00"]]}, "note": f"<i>{ATTACK}</i>"},
    "contact": {"phone": f'"><script>{ATTACK}</script>', "email": None, "website": f"javascript:{ATTACK}"},
    "tags": [f"<u>{ATTACK}</u>"],
    "media": [{"url": f"javascript:{ATTACK}", "alt": f'" onerror="{ATTACK}', "author": "<b>x</b>"}],
}
API: dict[str, Any] = {
    "/api/categories": {
        "items": [{"id": "c1", "slug": "x", "name": f"<b>{ATTACK}</b>", "icon": '"><script>', "position": 1}]
    },
    "/api/listings": {"items": [EVIL], "nextCursor": None},
    "/api/listings/evil": EVIL,
}
TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript",
    "css": "text/css",
    "json": "application/json",
    "png": "image/png",
    "webmanifest": "application/manifest+json",
}


class City(BaseHTTPRequestHandler):
    """The app and its API on one origin."""

    files: dict[str, bytes]
    asked: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in API:
            self.asked.append((path, self.headers["X-Tenant-ID"]))
            self.answer(json.dumps(API[path]).encode(), "application/json")
        elif (name := path.strip("/") or "index.html") in self.files:
            self.answer(self.files[name], TYPES[name.rpartition(".")[2]])
        else:
            self.send_error(404)

    def answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def city() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), City) as server:
        origin = f"http://127.0.0.1:{server.server_address[1]}"
        City.files, City.asked = bundle(config(base_url=origin, languages=("de",))), []
        Thread(target=server.serve_forever, daemon=True).start()
        yield origin
        server.shutdown()


def opened(address: str, profile: Path) -> str:
    """The page's elements after its scripts have run."""
    assert CHROMIUM
    return subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", address],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout


def test_the_start_page_shows_the_citys_name_topics_and_listings(city: str, tmp_path: Path) -> None:
    page = opened(f"{city}/", tmp_path)
    assert "<title>Mein Heidelberg</title>" in page
    assert 'href="#/category/c1"' in page
    assert 'href="#/listing/evil"' in page
    assert "Frag die Stadt" in page
    assert "In der Nähe" not in page  # the map is not among the city's features
    assert {path for path, _ in City.asked} == {"/api/categories", "/api/listings"}
    assert {tenant for _, tenant in City.asked} == {config().tenant_id}


def test_hostile_content_is_shown_and_never_run(city: str, tmp_path: Path) -> None:
    page = opened(f"{city}/#/listing/evil", tmp_path)
    main = Page(page[page.index("<main") : page.index("</main>")])
    links = [str(attributes.get("href") or attributes.get("src") or "") for _, attributes in main.tags]
    assert EVIL["title"] in main.words
    assert "https://city.example/" in links
    assert not {tag for tag, _ in main.tags} & {"script", "iframe", "style", "img", "u"}
    assert not [name for _, attributes in main.tags for name in attributes if name.startswith("on")]
    assert not [link for link in links if link.startswith("javascript")]
    assert "<title>taken</title>" not in page
