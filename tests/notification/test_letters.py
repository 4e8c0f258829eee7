"""A mail looks like its city's: its name, colour and logo, a button, dates as its reader writes them."""

import re
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser

import httpx
import pytest

from functions.notification.letters.letterhead import DARK, Letterhead
from functions.notification.templates import Message, render, texts
from shared.adapters import mail
from shared.kit.contrast import READABLE, ratio
from shared.kit.languages import LANGUAGES
from tests.adapters.running import ThirdParties
from tests.notification.people import settle_in, tell
from tests.notification.test_kinds import arrived, with_
from tests.support import City

LINK = "https://kiel.heidi.example/l/listing/0193a1b2-7777-7777-8888-0123456789ab"
HEAD = Letterhead(
    "Kiel",
    "#8a1538",
    "https://kiel.heidi.example/api/cities/kiel/logo?v=1",
    "notice",
    "https://a.example/u/x",
)
VOID = frozenset({"meta", "img", "br"})
BY_US = sorted(texts("de").keys() - {"free_text"})


class Page(HTMLParser):
    """What stands in a letter; what is opened and not closed is an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag == name]


def letter(template: str, language: str, **values: str) -> Message:
    said = (
        dict.fromkeys(re.findall(r"{{-? *(\w+)", str(texts("de")[template])), "x") | {"city": "Kiel"} | values
    )
    return render(
        template,
        language,
        {k: v for k, v in said.items() if k != "link"} | ({"link": LINK} if "link" in said else {}),
        letterhead=HEAD,
        link=LINK if "action" in texts("de")[template] else "",
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", BY_US)
def test_every_letter_is_one_that_mail_programs_show_and_screen_readers_read(
    template: str, language: str
) -> None:
    html = letter(template, language).html
    page = Page(html)
    assert len(html.encode()) < 100_000, "Gmail cuts off what is longer"
    assert not re.search(r"<script|position:|display: ?flex|float:|@import|url\(", html)
    assert all(table["role"] == "presentation" for table in page.all("table"))
    assert [picture["alt"] for picture in page.all("img")] == [""]  # the name stands beside it
    assert not re.search(r"(margin|padding|border)-(left|right)|text-align: ?(left|right)", html)
    [root] = page.all("html")
    assert root == {"lang": language, "dir": "rtl" if LANGUAGES[language].right_to_left else "ltr"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", BY_US)
def test_the_button_and_the_text_twin_lead_where_the_message_leads(template: str, language: str) -> None:
    made = letter(template, language)
    leads = "action" in texts(language)[template]
    buttons = [each for each in Page(made.html).all("a") if each.get("class") == "go"]
    assert [each["href"] for each in buttons] == [LINK] * leads
    assert made.text.count(LINK) == leads
    assert made.html.count(f">{LINK}<") == leads  # for whom the button does nothing
    assert made.text.endswith(f": {HEAD.unsubscribe}")
    assert f'href="{HEAD.unsubscribe}"' in made.html


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://a.example/ b", 'x"><script>', ""])
def test_what_is_no_address_makes_no_button(link: str) -> None:
    made = render("listing_approved", "de", {"city": "Kiel", "title": "x"}, link=link)
    assert 'class="go"' not in made.html
    assert (made.link, "<script" in made.html) == ("", False)


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("de", "Dienstag, 29. Dezember 2026"),
        ("en", "Tuesday, December 29, 2026"),
        ("ar", "الثلاثاء، 29 ديسمبر 2026"),
        ("tr", "29 Aralık 2026 Salı"),
        ("nb", "tirsdag 29. desember 2026"),
    ],
)
def test_a_day_is_written_as_its_reader_writes_it(language: str, written: str) -> None:
    assert written in letter("account_deleted", language, date="2026-12-29").text


def test_a_moment_is_in_the_citys_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(texts("de"), "x", {"subject": "x", "body": "a\n\n{{ at|moment }}\n\nb"})
    made = render("x", "de", {"at": "2026-07-01T22:30:00Z"}, zone="Europe/Berlin")
    assert "2. Juli 2026" in made.text
    assert "00:30" in made.text


@pytest.mark.parametrize("colour", ["#000000", "#00508c", "#ffdd00", "#ffffff", "#777777", "#00ff00"])
def test_whatever_colour_a_city_has_its_letters_can_be_read(colour: str) -> None:
    facts = Letterhead("Kiel", colour).facts("de")
    pairs = (("on_colour", "colour"), ("on_dark", "dark_colour"), ("dark_colour", "dark"))
    assert all(ratio(facts[ink], facts[ground]) >= READABLE for ink, ground in pairs)
    assert ratio(facts["ink"], "#ffffff") >= READABLE
    assert facts["dark"] == DARK


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Kiel", "Kiel"),
        ("Bad Säckingen", "Bad Säckingen"),
        ('Au, "die" Stadt', 'Au, "die" Stadt'),
        ("Neu\r\nBcc: a@b.example", "Neu Bcc: a@b.example"),
        ("<x@y.example>", "x@y.example"),
    ],
)
def test_the_sender_is_the_citys_name_whatever_that_is(name: str, shown: str) -> None:
    sender = mail.written_by(name, "HEIDI <noreply@heidi-app.de>")
    sent = mail.compose("a@b.example", "x", "x", None, sender)
    [address] = message_from_bytes(sent.content, policy=default)["from"].addresses
    assert (address.display_name, address.addr_spec) == (shown, "noreply@heidi-app.de")
    assert sent.sender == "noreply@heidi-app.de"


def test_a_code_stands_alone_and_large_in_every_direction() -> None:
    for language in ("de", "ar"):
        html = letter("login_code", language, code="482913").html
        assert re.search(r'<p[^>]*dir="ltr"[^>]*letter-spacing[^>]*>482913</p>', html)


@pytest.mark.usefixtures("thirdparty")
def test_a_letter_in_the_inbox_has_the_citys_name_as_its_sender(city: City, thirdparty: ThirdParties) -> None:
    address = settle_in(city, "editor")
    tell(city, "send-email", with_(city, "email", link=LINK))
    found = arrived(thirdparty, address)
    assert found["from"] == f"{city.tenant.name} <noreply@heidi-app.de>"
    assert found["headers"]["auto-submitted"] == "auto-generated"
    assert LINK in found["text"]
    assert httpx.URL(LINK).host in found["html"]
