"""Drafts of the legal texts for a new city: with its contact filled in, and gaps where only the city knows
what to say.
"""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from functions.city.legal.legal_text import GAP, Kind
from functions.city.legal.queries import DRAFT
from shared.context import Context
from shared.kit.ids import new_id
from shared.kit.languages import DEFAULT

if TYPE_CHECKING:
    from functions.city.cities.city import Contact

DRAFTS = Path(__file__).parent / "drafts"
WRITTEN = ("de", "en")
ADDRESS = ("name", "street", "postcode", "city", "phone", "email")


def write_drafts(
    ctx: Context, city: str, languages: Iterable[str], contact: "Contact | None", website: str | None
) -> None:
    """Every kind in those of the city's languages in which we have drafts; in German, where it has none of
    them.
    """
    known = contact.model_dump(include=set(ADDRESS), exclude_none=True) if contact else {}
    facts = dict.fromkeys(ADDRESS, GAP) | known | {"authority": city, "website": website or GAP}
    for language in [tag for tag in languages if tag in WRITTEN] or [DEFAULT]:
        for kind in Kind:
            ctx.sql.queue(
                DRAFT,
                id=new_id(),
                tenant=ctx.tenant.id,
                kind=kind,
                language=language,
                now=ctx.now,
                text=draft(kind, language, facts),
            )


def draft(kind: Kind, language: str, facts: dict[str, str]) -> str:
    """One text, with the facts in their places."""
    form = (DRAFTS / f"{kind}.{language}.html").read_text("utf-8")
    return form.format(gap=GAP, **{name: escape(fact) for name, fact in facts.items()}).strip()
