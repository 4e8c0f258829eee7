"""The ten languages of requirements §8.2: BCP 47 tags, accepted aliases, DeepL codes, full-text dictionaries."""

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Language:
    """One supported language."""

    tag: str
    name: str
    deepl: str | None
    dictionary: str
    aliases: tuple[str, ...] = ()
    right_to_left: bool = False


LANGUAGES = {
    language.tag: language
    for language in (
        Language("de", "Deutsch", "DE", "german"),
        Language("en", "English", "EN-GB", "english"),
        Language("ar", "العربية", "AR", "arabic", right_to_left=True),
        Language("da", "Dansk", "DA", "danish", ("dk",)),
        Language("fa", "فارسی", None, "simple", right_to_left=True),
        Language("nb", "Norsk bokmål", "NB", "norwegian", ("no",)),
        Language("ru", "Русский", "RU", "russian"),
        Language("sv", "Svenska", "SV", "swedish", ("se",)),
        Language("tr", "Türkçe", "TR", "turkish"),
        Language("uk", "Українська", "UK", "simple"),
    )
}
DEFAULT = "de"
ALIASES = {alias: tag for tag, language in LANGUAGES.items() for alias in (tag, *language.aliases)}


def canonical(tag: str) -> str | None:
    """The BCP 47 tag that we store for what a client wrote (`dk`, `de-AT`, `NO`), or None."""
    return ALIASES.get(tag.strip().lower().replace("_", "-").split("-")[0])


def quality(part: str) -> float:
    """The q value of one Accept-Language part; 1 where it says none, 0 where it says nonsense."""
    _, _, q = part.partition(";q=")
    try:
        return float(q) if q else 1.0
    except ValueError:
        return 0.0


def negotiate(accept_language: str, default: str = DEFAULT) -> str:
    """The best supported language of an Accept-Language header (RFC 9110 §12.5.4), of which 200 characters
    are read.
    """
    return best(accept_language[:200], default)


@lru_cache(512)
def best(accept_language: str, default: str) -> str:
    """The language that the header asks for most; the default where it asks for none of ours."""
    parts = sorted(accept_language.split(","), key=quality, reverse=True)
    return next(
        (tag for part in parts if quality(part) > 0 and (tag := canonical(part.partition(";")[0]))), default
    )
