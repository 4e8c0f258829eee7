"""The web app manifest (W3C Application Manifest), by which browsers install the app."""

from functions.factory.pwa.config import AppConfig, direction
from functions.factory.pwa.pages import as_json
from functions.factory.pwa.texts import texts

SHORTCUTS = {"nearby": "#/nearby", "chatbot": "#/chat"}


def render_manifest(config: AppConfig) -> str:
    """Names, colours, icons and shortcuts to the parts that are switched on."""
    words = texts(config.language)
    return as_json(
        {
            "id": f"/?app={config.bundle_id}",
            "name": config.app_name,
            "short_name": config.short_name,
            "description": words["description"].replace("{name}", config.app_name),
            "lang": config.language,
            "dir": direction(config.language),
            "start_url": "./",
            "scope": "./",
            "display": "standalone",
            "theme_color": config.theme.primary,
            "background_color": config.theme.background,
            "categories": ["government", "navigation", "utilities"],
            "prefer_related_applications": False,
            "icons": [
                icon("icon", 192, "any"),
                icon("icon", 512, "any"),
                icon("maskable", 192, "maskable"),
                icon("maskable", 512, "maskable"),
            ],
            "shortcuts": [
                {"name": words["search"], "url": "./#/search"},
                *({"name": words[part], "url": "./" + SHORTCUTS[part]} for part in config.shown),
            ],
        }
    )


def icon(name: str, side: int, purpose: str) -> dict[str, str]:
    """One entry of the manifest's icons."""
    return {
        "src": f"icons/{name}-{side}.png",
        "sizes": f"{side}x{side}",
        "type": "image/png",
        "purpose": purpose,
    }
