"""Categories, listings and tiles of a demonstration city."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid5

from pydantic import BaseModel

from functions.core.listings.listing import Address, Contact, OpeningHours, as_json
from functions.core.tiles.create_default_tiles import create, create_default_tiles, usual
from shared import quotas
from shared.auth.rbac import EDITOR
from shared.db.pg import pool
from shared.db.sql import Sql
from shared.kit.languages import LANGUAGES
from shared.kit.settings import settings
from shared.rich_text import safe_html
from shared.schema import Schema
from shared.tenancy.tenants import Tenant
from tooling.seed.accounts import acting_as, demo_accounts
from tooling.seed.data import Category, ListingFacts

LANGUAGE = "de"  # of the seed's texts
CATEGORIES = """INSERT INTO categories (id, tenant_id, parent_id, slug, names, icon, position)
 SELECT x.id, :tenant, p.id, x.slug, x.names, x.icon, x.position
 FROM jsonb_to_recordset(CAST(:rows AS jsonb)) x(id uuid, parent text, slug text, names jsonb, icon text, position int)
 LEFT JOIN categories p ON p.tenant_id = :tenant AND p.slug = x.parent
 ON CONFLICT (tenant_id, slug) DO NOTHING RETURNING 1"""
LISTINGS = """INSERT INTO listings (id, tenant_id, category_id, slug, status, language, dictionary, title, summary, description,
  address, lat, lon, opening_hours, contact, tags, source, created_by, published_at)
 SELECT x.id, :tenant, c.id, x.slug, 'published', :language, CAST(CAST(:dictionary AS text) AS regconfig), x.title, x.summary,
  x.description, x.address, x.lat, x.lon, x.opening_hours, x.contact,
  ARRAY(SELECT jsonb_array_elements_text(x.tags)), x.source, :author, x.published_at
 FROM jsonb_to_recordset(CAST(:rows AS jsonb)) x(id uuid, category text, slug text, title text, summary text, description text,
  address jsonb, lat float8, lon float8, opening_hours jsonb, contact jsonb, tags jsonb, source text, published_at timestamptz)
 JOIN categories c ON c.tenant_id = :tenant AND c.slug = x.category
 ON CONFLICT (tenant_id, slug) DO NOTHING RETURNING 1"""


def seed_categories(tenant: Tenant, categories: Iterable[Category]) -> int:
    """Add the categories that are missing; how many."""
    first = [row(tenant, category, None) for category in categories]
    second = [row(tenant, child, category.slug) for category in categories for child in category.children]
    return sum(insert(tenant, CATEGORIES, rows) for rows in (first, second))


def row(tenant: Tenant, category: Any, parent: str | None) -> dict[str, Any]:
    """One category; its id is the same on every machine."""
    return {
        "id": str(uuid5(tenant.id, f"category/{category.slug}")),
        "parent": parent,
        "slug": category.slug,
        "names": category.name.model_dump(),
        "icon": category.icon,
        "position": category.order,
    }


def seed_listings(tenant: Tenant, listings: Iterable[ListingFacts]) -> int:
    """Add the listings that are missing, published, the first one newest; how many."""
    [author] = [person.id for person in demo_accounts(tenant) if person.role == EDITOR]
    now = datetime.now(UTC)
    rows = [listed(tenant, listing, now - timedelta(minutes=age)) for age, listing in enumerate(listings)]
    return insert(
        tenant,
        LISTINGS,
        rows,
        "listings",
        language=LANGUAGE,
        dictionary=LANGUAGES[LANGUAGE].dictionary,
        author=author,
    )


def seed_tiles(tenant: Tenant) -> int:
    """Add the usual tiles that are missing; how many."""
    with acting_as(create_default_tiles, tenant) as ctx:
        return create(ctx, usual(sorted(tenant.features)))


def listed(tenant: Tenant, facts: ListingFacts, published_at: datetime) -> dict[str, Any]:
    """One listing as `create-listing` would have stored it."""
    place = facts.location
    return {
        **facts.model_dump(include={"category", "slug", "title", "summary", "tags"}),
        "description": safe_html(facts.description),
        "id": str(uuid5(tenant.id, f"listing/{facts.slug}")),
        "published_at": published_at.isoformat(),
        "lat": place and place.lat,
        "lon": place and place.lon,
        "address": stored(Address, facts.address),
        "contact": stored(Contact, facts.contact),
        "opening_hours": stored(OpeningHours, facts.opening_hours),
        "source": f"{facts.source.name}, {facts.source.year}",
    }


def stored(schema: type[Schema], part: BaseModel | None) -> Any:
    """A part of a listing as the table keeps it."""
    text = as_json(schema.model_validate(part.model_dump())) if part else None
    return json.loads(text) if text else None


def insert(
    tenant: Tenant, statement: str, rows: list[dict[str, Any]], kind: quotas.Kind | None = None, **values: Any
) -> int:
    """Run one of the statements above in core's database, as the app role and as this tenant; how many rows
    are new.

    `kind` is the quota that they count in.
    """
    sql = Sql(pool(settings().postgres_database_prefix + "core"), tenant.id)
    added = sql.run(statement, tenant=tenant.id, rows=json.dumps(rows), **values)
    if kind:
        sql.queue(quotas.COUNT, tenant=tenant.id, kind=kind, period="", amount=len(added))
    sql.commit()
    return len(added)
