"""Give a new city an app configuration that can be built at once, with the looks of the city that it is
cloned from.
"""

from typing import Any

from sqlalchemy import select

from events.city import CityOnboarded
from functions.factory.configs.configuration import FEATURE_VERSION
from functions.factory.tables import AppConfiguration
from shared.clone import rows_of
from shared.function import Context, on

NEWEST = "SELECT config FROM app_configs WHERE tenant_id = :tenant ORDER BY version DESC LIMIT 1"


@on(CityOnboarded)
def prepare_app_config(ctx: Context, event: CityOnboarded) -> None:
    if ctx.db.scalar(select(AppConfiguration.id).limit(1)):
        return
    theme = {
        "primary": event.primary_color,
        "secondary": event.secondary_color,
        "background": "#ffffff",
        "text": "#1a1a1a",
    }
    name = " ".join(event.name.split())
    slug = event.slug.replace("-", "_")
    cloned: dict[str, Any] = next((row[0] for row in rows_of(ctx, event.cloned_from_id, NEWEST)), {})
    config = {
        "theme": theme,
        **cloned,
        "app_name": name[:60],
        "short_name": name[:30],
        # a part never begins with a digit
        "bundle_id": "app.heidi." + (slug if slug[0].isalpha() else "c" + slug),
        "features": dict.fromkeys(sorted(event.features), FEATURE_VERSION) | versions(cloned, event.features),
    }
    ctx.db.add(AppConfiguration(version=1, config=config, saved_by=None, created_at=ctx.now))


def versions(cloned: dict[str, Any], features: list[str]) -> dict[str, str]:
    """The versions of the features that both cities have."""
    return {name: version for name, version in cloned.get("features", {}).items() if name in features}
