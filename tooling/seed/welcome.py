"""What a newcomer opens, and how they log in."""

import os

from shared.tenancy.tenants import PLATFORM, Tenant
from tooling.seed.accounts import DEMO_PASSWORD, demo_accounts
from tooling.seed.cities import tenant_of
from tooling.seed.data import load_cities


def welcome() -> str:
    """What to open and how to log in, as two tables."""
    gateway = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8080")
    inbox, port = os.environ.get("INBOX_PORT", "8083"), gateway.rpartition(":")[2]
    places = [
        ["The platform's API", f"{gateway}/api/docs"],
        ["Mails and pushes", f"http://127.0.0.1:{inbox}/"],
    ]
    places += [
        [f"{city.name}'s listings", f"http://{city.slug}.localhost:{port}/api/listings"] for city in cities()
    ]
    return f"Open\n{table(places)}\n\n{logins()}"


def logins() -> str:
    """Who can log in, where, and with which password."""
    people = [
        [tenant.name, person.role.replace("_", " "), person.email]
        for tenant in (PLATFORM, *cities())
        for person in demo_accounts(tenant)
    ]
    return (
        f"Log in (POST /api/auth/login, at the city's address or with X-Tenant-ID: heidelberg; {PLATFORM.name} means"
        f" X-Tenant-ID: {PLATFORM.slug}) with the password {DEMO_PASSWORD}\n{table(people)}"
    )


def cities() -> list[Tenant]:
    """The demonstration cities."""
    return [tenant_of(facts.city) for facts in load_cities()]


def table(rows: list[list[str]]) -> str:
    """Columns as wide as they need to be; a first cell is not repeated on the next line."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines, before = [], ""
    for first, *rest in rows:
        cells = zip(["" if first == before else first, *rest], widths, strict=True)
        lines.append("  " + "  ".join(f"{cell:<{width}}" for cell, width in cells).rstrip())
        before = first
    return "\n".join(lines)
