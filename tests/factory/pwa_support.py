"""Configurations and bundles for the tests of the web app."""

import io
import zipfile
from datetime import date
from html.parser import HTMLParser
from typing import Any

from functions.factory.pwa import AppConfig, Centre, Template, Theme, build_bundle
from functions.factory.pwa.bundle import texts_of

DAY = date(2026, 11, 23)
HEIDELBERG = Theme(primary="#9b1c2e", secondary="#1f5566", background="#fbf8f5", text="#221d1b")


class Page(HTMLParser):
    """The elements and the texts of an HTML source."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def policy(self) -> dict[str, str]:
        content = next(
            attributes["content"]
            for tag, attributes in self.tags
            if "http-equiv" in attributes and tag == "meta"
        )
        return {name: rest for name, _, rest in (part.partition(" ") for part in (content or "").split("; "))}


def config(**changes: Any) -> AppConfig:
    values: dict[str, Any] = {
        "tenant_id": "0190c3d0-0000-7000-8000-000000000001",
        "slug": "heidelberg",
        "app_name": "Mein Heidelberg",
        "short_name": "Heidelberg",
        "bundle_id": "de.heidelberg.app",
        "base_url": "https://heidelberg.example",
        "languages": ("de", "en", "ar"),
        "theme": HEIDELBERG,
        "features": {"listings": "1.0.0", "chatbot": "1.2.0"},
        "template": Template(name="modern", version="1.0.0"),
        "centre": Centre(lat=49.4121, lon=8.7102),
    }
    return AppConfig(**(values | changes))


def bundle(given: AppConfig | None = None, number: int = 7) -> dict[str, bytes]:
    with zipfile.ZipFile(
        io.BytesIO(build_bundle(given or config(), build_number=number, built_on=DAY))
    ) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def text(given: AppConfig, path: str) -> str:
    """One text of the bundle, without drawing its icons."""
    return texts_of(given)[path]


def logo(width: int = 64, height: int = 32) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGBA", (width, height), "#336699").save(out, "PNG")
    return out.getvalue()
