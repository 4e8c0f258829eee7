"""The app configuration as clients write and read it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from functions.factory.pwa.config import AppConfig, Feature, ShortTitle, Theme, Title, Version
from shared.schema import Schema
from shared.tenancy.tenants import Tenant, address

TEMPLATE = {"name": "modern", "version": "1.0.0"}
FEATURE_VERSION = "1.0.0"
BundleId = Annotated[
    str, StringConstraints(max_length=150, pattern=r"^[a-zA-Z][a-zA-Z0-9_]*(\.[a-zA-Z][a-zA-Z0-9_]*)+$")
]


class AppConfigIn(Schema):
    """Everything that a city decides about its app."""

    app_name: Title
    short_name: ShortTitle
    bundle_id: BundleId
    theme: Theme
    features: dict[Feature, Version] = Field(default_factory=dict, max_length=100)


class AppConfigOut(AppConfigIn):
    version: int
    saved_by: UUID | None
    created_at: datetime


def build_inputs(config: dict[str, Any], tenant: Tenant, media_url: str | None) -> dict[str, Any]:
    """What a build is made from: the configuration and the tenant's own facts, nothing else.

    `media_url` is the origin from which pictures come, where that is not the API's own.
    """
    inputs = {
        **config,
        "tenant_id": str(tenant.id),
        "slug": tenant.slug,
        "languages": list(tenant.languages),
        "base_url": address(tenant),
        "media_url": media_url,
        "time_zone": tenant.time_zone,
        "template": config.get("template", TEMPLATE),
    }
    return AppConfig.model_validate(inputs).model_dump(mode="json", exclude={"logo"})
