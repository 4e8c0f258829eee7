"""The bundle: every file of the app, its service worker and its build record in one reproducible zip."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version as installed

from functions.factory.pwa.archive import pack
from functions.factory.pwa.config import AppConfig
from functions.factory.pwa.icons import draw_icons
from functions.factory.pwa.manifest import render_manifest
from functions.factory.pwa.pages import (
    COPIED,
    as_json,
    render_index,
    render_settings,
    render_styles,
    render_worker,
    template,
)
from functions.factory.pwa.texts import TEMPLATE

RUNTIME = "1.0.0"  # the version of the app's own code, of which the template is the visible part


def build_bundle(config: AppConfig, *, build_number: int, built_on: date) -> bytes:
    """An installable web app as a zip; equal arguments give equal bytes.

    Raises ContrastTooLow when the theme is hard to read and LogoInvalid when the logo cannot be drawn.
    """
    config.theme.check()
    files = {path: content.encode() for path, content in texts_of(config).items()} | draw_icons(config)
    worker = render_worker(config, digest(files)[:16], sorted(files))
    files["sw.js"] = worker.encode()
    files["heidi-build.json"] = record(config, build_number, built_on, files).encode()
    return pack(files)


def texts_of(config: AppConfig) -> dict[str, str]:
    """The files that are text, by path."""
    return {
        "index.html": render_index(config),
        "styles.css": render_styles(config),
        "config.json": render_settings(config),
        "manifest.webmanifest": render_manifest(config),
        **{path: template(path) for path in COPIED},
        **{f"texts/{tag}.json": template(f"texts/{tag}.json") for tag in config.languages},
    }


def record(config: AppConfig, build_number: int, built_on: date, files: Mapping[str, bytes]) -> str:
    """What was built from what: enough to build it again and to prove that it is the same."""
    inputs = {
        "config": config.model_dump(mode="json", exclude={"logo"}),
        "buildNumber": build_number,
        "builtOn": built_on.isoformat(),
        "logo": hashlib.sha256(config.logo).hexdigest() if config.logo else None,
        "source": source_digest(),
        "runtime": {"name": "heidi-pwa", "version": RUNTIME, "pillow": installed("pillow")},
    }
    return as_json(
        {
            "tenant": {"id": config.tenant_id, "slug": config.slug},
            "platform": "web",
            "bundleId": config.bundle_id,
            "template": config.template.model_dump(),
            "features": config.features,
            "buildNumber": build_number,
            "builtOn": built_on.isoformat(),
            "runtime": inputs["runtime"],
            "inputs": {
                "digest": "sha256:" + hashlib.sha256(canonical(inputs)).hexdigest(),
                "logo": inputs["logo"],
                "source": inputs["source"],
            },
            "files": {
                path: "sha256:" + hashlib.sha256(content).hexdigest()
                for path, content in sorted(files.items())
            },
        }
    )


def source_digest() -> str:
    """The hash of the template, whose files are inputs like any other."""
    return digest(
        {
            path.relative_to(TEMPLATE).as_posix(): path.read_bytes()
            for path in TEMPLATE.rglob("*")
            if path.is_file()
        }
    )


def digest(files: Mapping[str, bytes]) -> str:
    """One hash over names and contents, each with its length in front, so that nothing can be shifted between
    them.
    """
    whole = hashlib.sha256()
    for path in sorted(files):
        for part in (path.encode(), files[path]):
            whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no blanks."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def artifact_name(config: AppConfig, *, build_number: int, built_on: date) -> str:
    """`heidi-{tenant}-{platform}-{version}-{buildNumber}-{yyyymmdd}.zip`, with the template's version."""
    return f"heidi-{config.slug}-web-{config.template.version}-{build_number}-{built_on:%Y%m%d}.zip"
