"""Texts of messages: a subject, a body and an action per template and language, filled in a sandbox."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from functions.notification.letters import dates
from functions.notification.letters.letterhead import Letterhead
from shared.errors import Invalid
from shared.kit.languages import DEFAULT

TEXTS = Path(__file__).parent / "mails"
LAYOUT = (Path(__file__).parent / "letters" / "layout.html").read_text("utf-8")
HEIDI = Letterhead()
ISOLATES = "\u2068\u2069"  # around a value in a text from right to left (UAX #9 §2.4.2)
WEB = ("https://", "http://")


class TemplateUnknown(Invalid):
    message = "There is no message template '{template}'."


@dataclass(frozen=True, slots=True)
class Part:
    """One thing in a letter, under the other: a paragraph, the button, or a code to type."""

    text: str = ""
    button: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message, ready to send: in words for a push, as text and as HTML for a mail.

    `link` is where it leads, `action` what the reader does there; both are empty where it leads nowhere.
    """

    subject: str
    paragraphs: tuple[str, ...]
    language: str
    letterhead: Letterhead
    action: str = ""
    link: str = ""
    code: str = ""

    @property
    def gist(self) -> str:
        """What fits on a lock screen: the text without greeting, signature and link."""
        middle = self.paragraphs[1:-1] if len(self.paragraphs) > 2 else self.paragraphs
        return " ".join(middle)

    @property
    def text(self) -> str:
        """The letter for who reads no HTML: all that the other one says."""
        *body, signature = self.paragraphs
        if self.link and not any(self.link in each for each in self.paragraphs):
            body.append(f"{self.action}: {self.link}")
        head = self.letterhead
        foot = ["-- ", head.word(head.kind, self.language)]
        if head.unsubscribe:
            foot.append(f"{head.word('unsubscribe', self.language)}: {head.unsubscribe}")
        return "\n\n".join([*body, signature, "\n".join(foot)])

    @property
    def html(self) -> str:
        """The letter as it is meant to look."""
        facts = self.letterhead.facts(self.language)
        gist = self.gist.replace(self.link, "") if self.link else self.gist
        rendered: str = compiled(LAYOUT, autoescape=True).render(
            facts,
            subject=self.subject,
            gist=gist[:150],
            parts=list(self.parts()),
            action=self.action,
            link=self.link,
        )
        return rendered

    def parts(self) -> Iterator[Part]:
        """The paragraphs, and the button: where a sentence leads to the link, else before the signature."""
        shown = not self.link
        for number, paragraph in enumerate(self.paragraphs):
            is_last = number == len(self.paragraphs) - 1
            if is_last and number and not shown:
                yield Part(button=self.link)
            if self.link and paragraph.endswith(self.link):
                yield Part(text=paragraph.removesuffix(self.link).rstrip())
                yield Part(button=self.link)
                shown = True
            elif self.code and paragraph.strip(ISOLATES) == self.code:
                yield Part(code=self.code)
            else:
                yield Part(text=paragraph)


@lru_cache
def texts(language: str) -> dict[str, dict[str, str]]:
    """All templates of one language."""
    import orjson

    found: dict[str, dict[str, str]] = orjson.loads((TEXTS / f"{language}.json").read_bytes())
    return found


@lru_cache(2)
def environment(*, autoescape: bool) -> Any:
    """A sandboxed Jinja environment that fails on a value that is missing."""
    from jinja2 import StrictUndefined, pass_context
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    made = ImmutableSandboxedEnvironment(
        autoescape=autoescape, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"day": pass_context(dates.day), "moment": pass_context(dates.moment)}
    return made


@lru_cache(1024)
def compiled(source: str, *, autoescape: bool) -> Any:
    """A template of ours; compiling one takes longer than all the rest of a mail."""
    return environment(autoescape=autoescape).from_string(source)


def in_words(values: dict[str, str], words: dict[str, str]) -> dict[str, str]:
    """The values, said in the template's own words where it has them: the role `editor` as its text
    `role_editor`.
    """
    return {name: words.get(f"{name}_{value}", value) for name, value in values.items()}


def render(
    template: str,
    language: str,
    values: dict[str, str],
    *,
    letterhead: Letterhead = HEIDI,
    link: str = "",
    zone: str = "Europe/Berlin",
) -> Message:
    """The message in the reader's language, else in German; TemplateUnknown for a name that nobody wrote.

    `link` is where it leads; a value `link`, where the text has one, comes before it.
    """
    from jinja2 import TemplateError

    source = texts(language).get(template) or texts(DEFAULT).get(template)
    if source is None:
        raise TemplateUnknown(template=template[:100])
    values = in_words(values, source)
    reader = {"reader_language": language, "reader_zone": zone}
    try:
        subject = compiled(source["subject"], autoescape=False).render(values, **reader)
        text = compiled(source["body"], autoescape=False).render(values, **reader)
    except TemplateError as error:
        raise TemplateUnknown(template=template[:100], problem=str(error)) from None
    link = values.get("link", link)
    is_address = link.startswith(WEB) and link.isprintable() and " " not in link
    return Message(
        subject,
        tuple(text.split("\n\n")),
        language,
        letterhead,
        action=source.get("action") or letterhead.word("open", language),
        link=link if is_address else "",
        code=values.get("code", ""),
    )
