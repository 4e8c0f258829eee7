"""From a city's configuration to an installable web app: pure, without database or network, same inputs same
bytes.
"""

from functions.factory.pwa.bundle import artifact_name, build_bundle
from functions.factory.pwa.config import AppConfig, Centre, Template, Theme
from functions.factory.pwa.errors import AppInvalid, LogoInvalid

__all__ = [
    "AppConfig",
    "AppInvalid",
    "Centre",
    "LogoInvalid",
    "Template",
    "Theme",
    "artifact_name",
    "build_bundle",
]
