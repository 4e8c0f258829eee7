"""What is read out of documents, and what is refused."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.chatbot.extraction import docx as docx_reader
from functions.chatbot.extraction import formats
from functions.chatbot.extraction import pdf as pdf_reader
from functions.chatbot.extraction.deadline import Deadline
from functions.chatbot.extraction.errors import (
    DocumentDamaged,
    DocumentEmpty,
    DocumentEncrypted,
    DocumentTooLarge,
    DocumentTooSlow,
    DocumentTypeMismatch,
    DocumentTypeUnsupported,
)
from functions.chatbot.extraction.formats import DOCX, HTML, MARKDOWN, PDF, TEXT, extract, guess_language
from shared.errors import Problem
from tests.chatbot.files import W, docx, paragraph, pdf, zipped

GERMAN = "Das Bürgerbüro ist für die Anmeldung der Wohnung zuständig und hat von Montag bis Freitag geöffnet."
PAGE = f"""<!doctype html><html lang="de-DE"><head><meta charset="utf-8"><title>Bürgerbüro | Stadt</title>
<style>p {{ color: red }}</style><script>alert("x")</script></head><body>
<header>Logo der Stadt</header><nav><ul><li>Startseite<li>Kontakt</ul></nav>
<main><h1>Bürgerbüro</h1><p>{GERMAN}<p>Zweiter Absatz mit<br>Umbruch &amp; Zeichen.
<h2>Mitbringen</h2><ul><li>Ausweis<li>Mietvertrag</ul><div hidden>versteckt</div><p style="display: none">unsichtbar</p>
<table><tr><th>Tag<th>Zeit<tr><td>Montag<td>8 bis 12</table><p>{GERMAN}</main>
<aside>Werbung</aside><footer>Impressum</footer></body></html>"""


def test_html_keeps_the_main_content_with_its_headings_and_items() -> None:
    read = extract(PAGE.encode(), "text/html; charset=utf-8")
    assert (read.title, read.language, read.media_type) == ("Bürgerbüro | Stadt", "de", HTML)
    assert read.text.split("\n\n") == [
        "# Bürgerbüro",
        GERMAN,
        "Zweiter Absatz mit\nUmbruch & Zeichen.",
        "## Mitbringen",
        "- Ausweis",
        "- Mietvertrag",
        "Tag | Zeit",
        "Montag | 8 bis 12",
        GERMAN,
    ]


def test_html_without_a_main_part_is_read_whole_but_for_its_navigation() -> None:
    text = extract(
        f"<html><nav>Menü</nav><div>{GERMAN}</div><form><p>Im Formular</p></form></html>".encode(), HTML
    ).text
    assert text == f"{GERMAN}\n\nIm Formular"


def test_html_in_an_old_encoding_is_read_as_it_declares() -> None:
    page = '<html><head><meta http-equiv="content-type" content="text/html; charset=windows-1251"></head><body>Открыто по средам</body></html>'
    assert extract(page.encode("cp1251"), HTML).text == "Открыто по средам"


def test_unclosed_and_crossed_tags_lose_nothing() -> None:
    assert (
        extract(b"<html><p>eins<b>zwei<i>drei</b>vier<div>f\xc3\xbcnf<p>sechs", HTML).text
        == "einszweidreivier\n\nfünf\n\nsechs"
    )


def test_markdown_becomes_text_with_headings() -> None:
    source = (
        "---\ntitle: x\n---\nAbfall\n======\n\nSiehe [hier](https://example.org/a) und **bald** ![Bild](b.png).\n\n"
        "## Termine ##\n* Montag\n* *Dienstag*\n\n```\n# kein Titel\n```\n<div>roh</div> snake_case_name"
    )
    read = extract(source.encode(), MARKDOWN)
    assert read.title == "Abfall"
    assert read.text.split("\n\n") == [
        "# Abfall",
        "Siehe hier und bald Bild.",
        "## Termine",
        "- Montag",
        "- Dienstag",
        "\\# kein Titel\nroh snake_case_name",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_plain_text_in_any_usual_encoding(encoding: str) -> None:
    read = extract(f"{GERMAN}\r\n\r\nZweiter\tAbsatz – „gut“".encode(encoding), TEXT, "info.txt")
    assert read.text == f"{GERMAN}\n\nZweiter Absatz – „gut“"
    assert (read.title, read.language) == ("info", "de")


def test_word_keeps_headings_items_tables_and_title() -> None:
    body = (
        paragraph("Abfall", "berschrift1")
        + paragraph("Gebühren &amp; Fristen", "Eigene")
        + paragraph(GERMAN)
        + paragraph("Punkt", item=True)
        + "<w:tbl><w:tr><w:tc>"
        + paragraph("Tonne")
        + "</w:tc><w:tc>"
        + paragraph("120 l")
        + "</w:tc></w:tr></w:tbl>"
        + "<w:p><w:r><w:delText>gestrichen</w:delText></w:r><w:ins><w:r><w:t>eingefügt</w:t></w:r></w:ins></w:p>"
    )
    read = extract(docx(body), DOCX, "satzung.docx")
    assert (read.title, read.language) == ("Gebührensatzung", "de")
    assert read.text.split("\n\n") == [
        "# Abfall",
        "## Gebühren & Fristen",
        GERMAN,
        "- Punkt",
        "Tonne | 120 l",
        "eingefügt",
    ]


def test_the_empty_cells_of_a_word_table_keep_their_place() -> None:
    def row(*cells: str, before: str = "") -> str:
        return f"<w:tr>{before}{''.join(f'<w:tc>{cell}</w:tc>' for cell in cells)}</w:tr>"

    empty, grave = "<w:p/>", paragraph("Grab")
    table = (
        row(empty, paragraph("Erwachsene"), paragraph("Kinder"), paragraph("Dauer"))
        + row(paragraph("Urnengrab"), paragraph("980 Euro"), empty, paragraph("20 Jahre"))
        + row(paragraph("Baumgrab"), empty, empty, empty)
        + row(empty, empty)
        + row("<w:tcPr><w:gridSpan w:val='2'/></w:tcPr>" + paragraph("auf Anfrage"), paragraph("nie"))
        + row("<w:tcPr><w:vMerge w:val='restart'/></w:tcPr>" + grave, paragraph("oben"))
        + row("<w:tcPr><w:vMerge/></w:tcPr>" + grave, paragraph("unten"))
        + row(paragraph("rechts"), before="<w:trPr><w:gridBefore w:val='1'/></w:trPr>")
        + row("<w:tcPr><w:gridSpan w:val='99999999999'/></w:tcPr>" + paragraph("breit"), paragraph("schmal"))
        + f"<w:tr><w:sdt><w:sdtContent><w:tc>{grave}</w:tc></w:sdtContent></w:sdt><w:tc><w:tbl>{row(grave, grave)}</w:tbl></w:tc></w:tr>"
    )
    assert extract(docx(f"<w:tbl>{table}</w:tbl>"), DOCX).text.split("\n\n") == [
        "| Erwachsene | Kinder | Dauer",
        "Urnengrab | 980 Euro | | 20 Jahre",
        "Baumgrab",
        "auf Anfrage | | nie",
        "Grab | oben",
        "| unten",
        "| rechts",
        "breit | schmal",
        "Grab | Grab Grab",
    ]


def test_the_empty_cells_of_an_html_table_keep_their_place() -> None:
    page = """<table> <tr> <th></th> <th>Erwachsene</th> <th>Kinder</th> </tr>
        <tr> <td>Urnengrab</td> <td></td> <td>490 Euro</td> <td></td> </tr> <tr> <td></td> </tr>
        <tr> <td><p>Absatz</p></td> <td>Zelle</td> </tr></table>"""
    assert extract(f"<html>{page}</html>".encode(), HTML).text.split("\n\n") == [
        "| Erwachsene | Kinder",
        "Urnengrab | | 490 Euro",
        "Absatz",
        "Zelle",
    ]


@pytest.mark.parametrize(
    "around",
    [
        '<div class="fixed cookie-banner">Diese Seite verwendet Cookies. <a>Alle annehmen</a></div>',
        '<div id="breadcrumb">Sie sind hier: Start</div>',
        '<ul class="main-navigation"><li>Rathaus<li>Kultur</ul>',
        '<div aria-label="Breadcrumb">Start › Ämter</div>',
        '<div role="navigation">Menü</div>',
        '<a class="skip-link" href="#inhalt">Zum Inhalt</a>',
        '<div class="site-footer"><p>Impressum</p></div>',
        '<div role="alertdialog">Cookies?</div>',
    ],
)
def test_what_stands_around_the_content_is_left_out_of_html(around: str) -> None:
    assert extract(f"<html><body>{around}<div>{GERMAN}</div></body></html>".encode(), HTML).text == GERMAN


@pytest.mark.parametrize(
    "within",
    [
        '<body class="navigation">{}</body>',
        '<main id="menu">{}</main>',
        '<section id="cookies">{}</section>',
        '<div class="has-navigation">{}</div>',
    ],
)
def test_content_is_not_left_out_for_a_name_that_is_nearly_a_frames(within: str) -> None:
    assert extract(f"<html>{within.format(f'<p>{GERMAN}</p>')}</html>".encode(), HTML).text == GERMAN


@pytest.mark.parametrize(
    ("link", "text"),
    [
        (
            '<a href="mailto:buero@stadt.example?subject=x">E-Mail schreiben</a>',
            "E-Mail schreiben (buero@stadt.example)",
        ),
        ('<a href="MAILTO:buero@stadt.example"><b>Buero@Stadt.example</b></a>', "Buero@Stadt.example"),
        ('<a href="tel:+49%206221%205810580">Anrufen</a>', "Anrufen (+49 6221 5810580)"),
        ('<a href="tel:+4962215810580">06221 58-10580</a>', "06221 58-10580"),
        ('<a href="https://stadt.example">Formular</a>', "Formular"),
        ('<a href="tel:">leer</a>', "leer"),
        (f'<a href="mailto:{"x" * 200}@y">lang</a>', "lang"),
        ("<a>ohne Ziel</a></a>", "ohne Ziel"),
    ],
)
def test_an_address_or_a_number_behind_a_link_is_kept_where_its_text_does_not_say_it(
    link: str, text: str
) -> None:
    assert extract(f"<html><p>{link}.</p></html>".encode(), HTML).text == f"{text}."


def test_pdf_pages_lose_their_headers_and_hyphens() -> None:
    pages = [
        [
            "Amtsblatt der Stadt",
            f"Seite {n}",
            "",
            f"Kapitel {chr(64 + n)}",
            "",
            f"Das Bürgerbüro {chr(64 + n)} ist für die Anmeldung der Wohnung zustän-",
            f"dig und hat von Montag bis Freitag im Haus {chr(64 + n)} geöffnet (8 Uhr).",
        ]
        for n in range(1, 6)
    ]
    read = extract(pdf(pages, title="Amtsblatt Nr. 7"), PDF)
    assert (read.title, read.language) == ("Amtsblatt Nr. 7", "de")
    assert "Seite" not in read.text
    assert "zuständig und hat" in read.text
    assert (
        extract(pdf([["Hallo Welt"]], title="Microsoft Word - x.doc"), PDF, "gruss.pdf").title
        != "Microsoft Word - x.doc"
    )


@pytest.mark.parametrize(
    ("data", "declared", "found"),
    [
        (b"%PDF-1.7 ...", HTML, PDF),
        (docx(""), PDF, DOCX),
        (b"MZ\x90\x00\x03\x00\x00\x00", TEXT, "application/octet-stream"),
        (zipped("a.txt", b"x"), DOCX, "application/zip"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", PDF, "application/octet-stream"),
        (PAGE.encode(), TEXT, HTML),
        (b"plain words", PDF, TEXT),
        (b"plain words", DOCX, TEXT),
    ],
)
def test_what_is_not_what_it_is_declared_as_is_refused(data: bytes, declared: str, found: str) -> None:
    with pytest.raises(DocumentTypeMismatch) as caught:
        extract(data, declared)
    assert caught.value.details["found"] == found
    assert caught.value.code == "DOCUMENT_TYPE_MISMATCH"


def test_an_undeclared_type_comes_from_the_name() -> None:
    assert extract(GERMAN.encode(), "application/octet-stream", "x.TXT").media_type == TEXT
    for declared, name in (
        ("", "x"),
        ("image/png", "x.png"),
        ("application/msword", "x.doc"),
        ("text/html\r\nX: y", "x"),
    ):
        with pytest.raises(DocumentTypeUnsupported):
            extract(b"words", declared, name)


@pytest.mark.parametrize(
    ("data", "declared"),
    [
        (b"", TEXT),
        (b" \n\t ", MARKDOWN),
        (b"<html><script>x()</script></html>", HTML),
        (docx(""), DOCX),
        (pdf([[]]), PDF),
        (b"--- ...", TEXT),
    ],
)
def test_a_document_without_text_is_refused(data: bytes, declared: str) -> None:
    with pytest.raises(DocumentEmpty):
        extract(data, declared)


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7",
        b"%PDF-1.7\n1 0 obj\n<<",
        pdf([["x"]])[:400],
        b"%PDF-1.4\n" + b"[" * 20_000,
        b"%PDF-1.4\n1 0 obj<<" + b"/A<<" * 5_000,
    ],
)
def test_a_damaged_pdf_is_refused(data: bytes) -> None:
    with pytest.raises((DocumentDamaged, DocumentEmpty)):
        extract(data, PDF)


def test_a_damaged_word_document_is_refused() -> None:
    whole = docx(paragraph(GERMAN))
    flipped = whole.replace(b"word/document.xml", b"word/document.xml", 1)
    for data in (
        docx("<w:p>"),
        zipped("word/document.xml", b"<a/>")[:-30] + b"\x00" * 30,
        zipped("word/document.xml", b"\x00\x01"),
    ):
        with pytest.raises((DocumentDamaged, DocumentTypeMismatch)):
            extract(data, DOCX)
    assert extract(flipped, DOCX)


def test_xml_entities_are_refused() -> None:
    bomb = f'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><w:document {W}><w:body>&b;</w:body></w:document>'
    with pytest.raises(DocumentDamaged):
        extract(zipped("word/document.xml", bomb.encode()), DOCX)
    external = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><w:document {W}><w:body><w:p>&a;</w:p></w:body></w:document>'
    with pytest.raises(DocumentDamaged):
        extract(zipped("word/document.xml", external.encode()), DOCX)


def test_a_zip_bomb_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docx_reader, "MAX_PART_BYTES", 1024 * 1024)
    bomb = zipped("word/document.xml", b"<a>" + b" " * 8 * 1024 * 1024)
    assert len(bomb) < 20_000
    with pytest.raises(DocumentTooLarge):
        extract(bomb, DOCX)


def test_sizes_pages_and_text_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_reader, "MAX_PAGES", 2)
    with pytest.raises(DocumentTooLarge):
        extract(pdf([["eins"], ["zwei"], ["drei"]]), PDF)
    monkeypatch.setattr(formats, "MAX_BYTES", 100)
    with pytest.raises(DocumentTooLarge):
        extract(b"x" * 101, TEXT)
    monkeypatch.setattr(formats, "MAX_TEXT_CHARS", 20)
    with pytest.raises(DocumentTooLarge):
        extract(b"x" * 30, TEXT)


def test_a_pdf_that_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises((DocumentTooLarge, DocumentDamaged, DocumentEmpty)):
        extract(pdf([["x"]], filler=b" " * 80_000_000), PDF)


@pytest.mark.parametrize(
    ("data", "declared"),
    [
        (PAGE.encode(), HTML),
        (docx(paragraph(GERMAN)), DOCX),
        (pdf([["Hallo"]]), PDF),
        (b"# x\n\ny", MARKDOWN),
        (b"xyz", TEXT),
    ],
)
def test_reading_stops_when_the_time_is_over(data: bytes, declared: str) -> None:
    seconds = iter([0.0] + [100.0] * 100_000)
    with pytest.raises(DocumentTooSlow):
        extract(data, declared, deadline=Deadline(30, lambda: next(seconds)))


def test_deep_html_is_refused_not_followed() -> None:
    with pytest.raises(DocumentTooLarge):
        extract(b"<html>" + b"<div>" * 100_000 + b"x", HTML)


def test_a_pdf_with_a_password_is_refused() -> None:
    import io

    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([["geheim"]]))))
    writer.encrypt("passwort", algorithm="RC4-128")
    made = io.BytesIO()
    writer.write(made)
    with pytest.raises(DocumentEncrypted):
        extract(made.getvalue(), PDF)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", GERMAN),
        ("en", "The library is open for you and your children, and the card is free with this form."),
        (
            "da",
            "Biblioteket er åbent for alle, og det koster ikke noget at låne bøger, som du kan tage med hjem til dig.",
        ),
        (
            "nb",
            "Biblioteket er åpent for alle, og det koster ikke noe å låne bøker. Jeg kan ta dem med hjem ved behov, men det er ikke lov.",
        ),
        (
            "sv",
            "Biblioteket är öppet för alla och det kostar inte något att låna böcker som du kan ta med dig till skolan.",
        ),
        (
            "tr",
            "Kütüphane herkes için açıktır ve bu kart ile kitap ödünç almak ücretsizdir, daha çok bilgi için de sorabilirsiniz.",
        ),
        (
            "ru",
            "Библиотека открыта для всех, и это не стоит денег: книги можно взять на дом с картой по средам, как и фильмы.",
        ),
        (
            "uk",
            "Бібліотека відкрита для всіх, і це не коштує грошей: книги можна взяти з карткою та на вихідні, як і фільми від міста.",
        ),
        (
            "ar",
            "المكتبة مفتوحة للجميع من الاثنين إلى الجمعة في المدينة، ويمكن استعارة الكتب التي في هذا المبنى على مدار العام.",
        ),
        (
            "fa",
            "کتابخانه برای همه باز است و این کارت را می توان در شهر از اداره گرفت که با آن کتاب امانت می گیرید.",
        ),
    ],
)
def test_ten_languages_are_told_apart(language: str, text: str) -> None:
    assert guess_language(text) == language


def test_too_little_text_has_no_language() -> None:
    assert guess_language("Rathaus 06221 58-0") is None
    assert guess_language("") is None


def outcome(data: bytes, declared: str) -> int:
    """The status that a caller would see."""
    try:
        return 200 if extract(data, declared).text else 0
    except Problem as problem:
        return problem.status


@given(
    st.binary(max_size=2000),
    st.sampled_from([PDF, DOCX, HTML, MARKDOWN, TEXT]),
    st.sampled_from([b"", b"%PDF-1.4\n", b"PK\x03\x04", b"<html>"]),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_are_read_or_refused_with_a_code(data: bytes, declared: str, start: bytes) -> None:
    assert outcome(start + data, declared) in {200, 413, 415, 422}


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_damage_to_a_real_file_is_read_or_refused(data: st.DataObject) -> None:
    declared, whole = data.draw(
        st.sampled_from([(PDF, pdf([[GERMAN], ["zwei"]])), (DOCX, docx(paragraph(GERMAN)))])
    )
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    assert outcome(bytes(broken), declared) in {200, 413, 415, 422}
