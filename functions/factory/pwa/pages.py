"""The parts of the app that differ from city to city: page, style sheet, settings, service worker."""

import json
from html import escape
from string import Template

from functions.factory.pwa.config import AppConfig, direction
from functions.factory.pwa.contrast import palette
from functions.factory.pwa.texts import TEMPLATE, texts
from shared.kit.languages import LANGUAGES

COPIED = (
    "app.js",
    "js/api.js",
    "js/cards.js",
    "js/chat.js",
    "js/dom.js",
    "js/hours.js",
    "js/i18n.js",
    "js/icons.js",
    "js/nearby.js",
    "js/views.js",
)


def template(path: str) -> str:
    """A file of the template."""
    return (TEMPLATE / path).read_text("utf-8")


def security_policy(config: AppConfig) -> str:
    """Only the app itself and its API: no foreign host, no inline script or style, no HTML from strings
    (Trusted Types).
    """
    api, pictures = config.origin, " ".join(config.picture_origins)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' {pictures}",
            f"connect-src 'self' {api}",
            "manifest-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types heidi",
        )
    )


def render_index(config: AppConfig) -> str:
    """The one page; every value is escaped for HTML."""
    words = texts(config.language)
    values = {
        "language": config.language,
        "direction": direction(config.language),
        "template": config.template.name,
        "name": config.app_name,
        "short_name": config.short_name,
        "policy": security_policy(config),
        "primary": config.theme.primary,
        "description": words["description"].replace("{name}", config.app_name),
        "skip": words["skip"],
        "noscript": words["noscript"],
        "loading": words["loading"],
    }
    return Template(template("index.html")).substitute(
        {name: escape(value, quote=True) for name, value in values.items()}
    )


def render_styles(config: AppConfig) -> str:
    """The style sheet with the city's colours in front; they are checked hex values, so nothing needs
    escaping.
    """
    colours = palette(**config.theme.model_dump())
    scheme = colours.pop("scheme")
    rules = "\n".join(f"  --{name}: {colour};" for name, colour in colours.items())
    return f":root {{\n  color-scheme: {scheme};\n{rules}\n}}\n\n{template('styles.css')}"


def render_settings(config: AppConfig) -> str:
    """What the script needs to know, as JSON that it fetches; nothing of it is ever part of a script."""
    return as_json(
        {
            "tenantId": config.tenant_id,
            "slug": config.slug,
            "name": config.app_name,
            "shortName": config.short_name,
            "api": config.base_url,
            "shows": list(config.shown),
            "timeZone": config.time_zone,
            "centre": config.centre.model_dump() if config.centre else None,
            "languages": [
                {"tag": tag, "name": LANGUAGES[tag].name, "dir": direction(tag)} for tag in config.languages
            ],
        }
    )


def render_worker(config: AppConfig, version: str, paths: list[str]) -> str:
    """The service worker with the list of files to keep and the hash of their content as the cache's version."""
    values = {
        "cache": f"heidi-{config.slug}-",
        "version": version,
        "api": config.base_url,
        "name": config.app_name,
        "files": ["./", *paths],
    }
    return Template(template("sw.js")).substitute({name: json.dumps(value) for name, value in values.items()})


def as_json(value: object) -> str:
    """Readable JSON, the same for the same value."""
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
