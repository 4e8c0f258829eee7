"""Where a thing of a city is opened: one address each, which mails and pushes carry and which stays good.

The address names the city, the thing and its id, never a page: `open-link` leads on to the city's app, or to
the console, whatever pages those have by then. A thing that is new gets a line here, and nothing else.
"""

from typing import Final, Literal, NamedTuple
from uuid import UUID

from shared.tenancy.tenants import Tenant, address

Thing = Literal["listing", "draft", "review", "build"]
Place = Literal["app", "console"]


class Page(NamedTuple):
    """Where a thing is shown: to everyone in the app, to who works for the city in the console."""

    place: Place
    path: str


PAGES: Final[dict[Thing, Page]] = {
    "listing": Page("app", "#/listing/{id}"),
    "draft": Page("console", "listings/{id}"),  # as its author edits it
    "review": Page("console", "moderation/{id}"),  # as it waits for a decision
    "build": Page("console", "builds/{id}"),
}


def link_to(tenant: Tenant, thing: Thing, thing_id: UUID) -> str:
    """The address of a thing, for a mail or a push."""
    return f"{address(tenant)}/l/{thing}/{thing_id}"


def page_of(thing: Thing, thing_id: UUID) -> Page:
    """Where it is shown, with its id in the path."""
    place, path = PAGES[thing]
    return Page(place, path.format(id=thing_id))
