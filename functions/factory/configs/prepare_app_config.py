"""Give a new city an app configuration that can be built at once."""
from sqlalchemy import select

from events.city import CityOnboarded
from functions.factory.configs.configuration import FEATURE_VERSION
from functions.factory.tables import AppConfiguration
from shared.function import Context, on


@on(CityOnboarded)
def prepare_app_config(ctx: Context, event: CityOnboarded) -> None:
    if ctx.db.scalar(select(AppConfiguration.id).limit(1)):
        return
    theme = {"primary": event.primary_color, "secondary": event.secondary_color, "background": "#ffffff", "text": "#1a1a1a"}
    name = " ".join(event.name.split())
    slug = event.slug.replace("-", "_")
    config = {"app_name": name[:60], "short_name": name[:30], "theme": theme,
              "bundle_id": "app.heidi." + (slug if slug[0].isalpha() else "c" + slug),   # a part never begins with a digit
              "features": dict.fromkeys(sorted(event.features), FEATURE_VERSION)}
    ctx.db.add(AppConfiguration(version=1, config=config, saved_by=None, created_at=ctx.now))
