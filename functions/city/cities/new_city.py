"""Founding a city: its row, drafts of its legal texts, and the word to all services."""

import json
from uuid import UUID

from events.city import CityOnboarded
from functions.city.cities.change_notice import make_known
from functions.city.cities.city import CityExists, CityIn, CityOut
from functions.city.cities.queries import CREATE
from functions.city.legal.draft_texts import write_drafts
from shared.context import Context
from shared.kit.http import Json
from shared.kit.ids import new_id
from shared.tenancy.tenants import Tenant


def found_city(ctx: Context, city: CityIn, *, cloned_from_id: UUID | None = None) -> Json[CityOut]:
    """Make the tenant and let every service prepare its part; CityExists where the slug is, or was, another
    city's.
    """
    tenant = tenant_of(city)
    ctx.enter(tenant)
    made = insert(ctx, tenant.id, city)
    if made is None:
        raise CityExists(slug=city.slug)
    write_drafts(ctx, city.name, city.languages, city.contact, city.website)
    make_known(ctx, tenant)
    ctx.emit(announcement(tenant, city, cloned_from_id))
    return made


def tenant_of(city: CityIn) -> Tenant:
    """The tenant that there will be."""
    return Tenant(
        id=new_id(),
        slug=city.slug,
        name=city.name,
        languages=tuple(city.languages),
        features=frozenset(city.features),
        time_zone=city.time_zone,
        second_factor=city.second_factor,
        quotas=city.limits,
        federal_state=city.federal_state,
        holiday_groups=tuple(city.holiday_groups),
        own_holidays={day.date: day.name for day in city.own_holidays},
        preparing=True,
    )


def insert(ctx: Context, tenant_id: UUID, city: CityIn) -> Json[CityOut] | None:
    """The new row; None where there is one of its name."""
    return ctx.sql.json_or_none(
        CREATE,
        id=tenant_id,
        slug=city.slug,
        name=city.name,
        state=city.state,
        population=city.population,
        lat=city.location and city.location.lat,
        lon=city.location and city.location.lon,
        time_zone=city.time_zone,
        languages=city.languages,
        features=city.features,
        theme=city.theme.model_dump_json(),
        contact=city.contact.model_dump_json(exclude_none=True) if city.contact else None,
        website=city.website,
        second_factor=city.second_factor,
        quotas=json.dumps(city.limits),
        federal_state=city.federal_state,
        holiday_groups=city.holiday_groups,
        own_holidays=json.dumps([day.model_dump() for day in city.own_holidays]),
    )


def announcement(tenant: Tenant, city: CityIn, cloned_from_id: UUID | None) -> CityOnboarded:
    """What the other services prepare themselves by."""
    return CityOnboarded(
        city_id=tenant.id,
        slug=city.slug,
        name=city.name,
        languages=city.languages,
        features=city.features,
        admin_email=city.admin.email,
        admin_name=city.admin.name,
        primary_color=city.theme.primary,
        secondary_color=city.theme.secondary,
        cloned_from_id=cloned_from_id,
    )
