"""Texts of messages: a subject and a body per template and language, filled in a sandbox."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from shared.errors import Invalid
from shared.kit.languages import DEFAULT, LANGUAGES

TEXTS = Path(__file__).parent / "mails"
PAGE = """<!doctype html><html lang="{{ language }}" dir="{{ direction }}">
<head><meta charset="utf-8"><title>{{ subject }}</title></head>
<body style="font-family:sans-serif;line-height:1.5;max-width:40em;margin:2em auto;padding:0 1em;color:#1a1a1a">
{% for paragraph in paragraphs %}<p dir="auto">{{ paragraph|urlize(rel="noopener") }}</p>
{% endfor %}</body></html>"""


class TemplateUnknown(Invalid):
    message = "There is no message template '{template}'."


@dataclass(frozen=True, slots=True)
class Message:
    """A message, ready to send."""

    subject: str
    text: str
    html: str

    @property
    def gist(self) -> str:
        """What fits on a lock screen: the text without greeting and signature."""
        paragraphs = self.text.split("\n\n")
        return " ".join(paragraphs[1:-1]) if len(paragraphs) > 2 else self.text


@lru_cache
def texts(language: str) -> dict[str, dict[str, str]]:
    """All templates of one language."""
    import orjson

    found: dict[str, dict[str, str]] = orjson.loads((TEXTS / f"{language}.json").read_bytes())
    return found


@lru_cache(2)
def environment(*, autoescape: bool) -> Any:
    """A sandboxed Jinja environment that fails on a value that is missing."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(autoescape=autoescape, undefined=StrictUndefined)


@lru_cache(1024)
def compiled(source: str, *, autoescape: bool) -> Any:
    """A template of ours; compiling one takes longer than all the rest of a mail."""
    return environment(autoescape=autoescape).from_string(source)


def in_words(values: dict[str, str], words: dict[str, str]) -> dict[str, str]:
    """The values, said in the template's own words where it has them: the role `editor` as its text
    `role_editor`.
    """
    return {name: words.get(f"{name}_{value}", value) for name, value in values.items()}


def render(template: str, language: str, values: dict[str, str]) -> Message:
    """The message in the reader's language, else in German; TemplateUnknown for a name that nobody wrote."""
    from jinja2 import TemplateError

    source = texts(language).get(template) or texts(DEFAULT).get(template)
    if source is None:
        raise TemplateUnknown(template=template[:100])
    values = in_words(values, source)
    try:
        subject = compiled(source["subject"], autoescape=False).render(values)
        text = compiled(source["body"], autoescape=False).render(values)
    except TemplateError as error:
        raise TemplateUnknown(template=template[:100], problem=str(error)) from None
    direction = "rtl" if LANGUAGES[language].right_to_left else "ltr"
    html = compiled(PAGE, autoescape=True).render(
        subject=subject, paragraphs=text.split("\n\n"), language=language, direction=direction
    )
    return Message(subject, text, html)
