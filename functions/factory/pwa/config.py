"""What an app is built from: the city's names, colours, languages, features and template."""

import re
import struct
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from functions.factory.pwa.errors import LogoInvalid
from shared.kit.contrast import check_contrast
from shared.kit.languages import LANGUAGES, canonical

PNG = b"\x89PNG\r\n\x1a\n"
LOGO_BYTES, LOGO_MIN, LOGO_MAX = 2_000_000, 32, 4096
# feature → what the app shows
SHOWN = {"chatbot": "chatbot", "poi-map": "nearby", "nearby": "nearby", "map": "nearby"}
TEMPLATES = {"a": "modern", "b": "classic"}

Colour = Annotated[str, StringConstraints(to_lower=True, pattern=r"^#[0-9A-Fa-f]{6}$")]
Version = Annotated[str, StringConstraints(pattern=r"^\d{1,5}\.\d{1,5}\.\d{1,5}([-+][0-9A-Za-z.+-]{1,40})?$")]
Feature = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")
]
ShortTitle = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30, pattern=r"^[^\x00-\x1f\x7f]+$")
]
LOCAL = re.compile(r"^(127\.\d+\.\d+\.\d+|\[::1\]|([a-z0-9-]+\.)*localhost)$")
PATH = re.compile(r"[\w/.~-]*", re.ASCII)
ORIGIN = re.compile(r"^https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:\d{1,5})?$")


class Part(BaseModel):
    """What all parts of the configuration have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Theme(Part):
    """Four colours, `#rrggbb`; build_bundle refuses those that cannot be read."""

    primary: Colour
    secondary: Colour
    background: Colour
    text: Colour

    def check(self) -> None:
        """Raise ContrastTooLow with every pair of colours below WCAG AA."""
        check_contrast(primary=self.primary, background=self.background, text=self.text)


class Template(Part):
    """Template `modern` (also `A`) or `classic` (`B`), with its version."""

    name: Literal["modern", "classic"]
    version: Version

    @field_validator("name", mode="before")
    @classmethod
    def by_letter(cls, name: Any) -> Any:
        """Accept the letters by which the registry calls the templates."""
        return TEMPLATES.get(name.lower(), name.lower()) if isinstance(name, str) else name


class Centre(Part):
    """Where `nearby` starts without a position of the device, WGS 84 degrees."""

    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)


class AppConfig(Part):
    """Everything that decides how an app looks and where it asks; nothing else influences a build."""

    tenant_id: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
    slug: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    app_name: Title
    short_name: ShortTitle
    bundle_id: Annotated[
        str, StringConstraints(max_length=150, pattern=r"^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_-]*)+$")
    ]
    base_url: str = Field(max_length=500, description="where /api/… is, without a trailing slash")
    media_url: str | None = Field(
        default=None, max_length=500, description="where /api/media redirects to, if not to the API"
    )
    languages: tuple[str, ...] = Field(
        min_length=1, max_length=len(LANGUAGES), description="the first is the default"
    )
    theme: Theme
    features: dict[Feature, Version] = Field(max_length=100)
    template: Template
    logo: bytes | None = Field(
        default=None, repr=False, description="PNG, at most 2 MB and 4096 pixels a side"
    )
    centre: Centre | None = None
    time_zone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")] = "Europe/Berlin"

    @field_validator("base_url", "media_url")
    @classmethod
    def reachable(cls, url: str | None) -> str | None:
        """Refuse what a browser would not ask: credentials, queries, and plain HTTP away from this machine."""
        if url is None:
            return None
        parts = urlsplit(url.rstrip("/"))
        host = f"{parts.scheme}://{parts.netloc}".lower()
        if (
            not url.isprintable()
            or not ORIGIN.match(host)
            or parts.query
            or parts.fragment
            or not PATH.fullmatch(parts.path)
        ):
            raise ValueError("must be http(s)://host[:port][/path]")
        if parts.scheme == "http" and not LOCAL.match(re.sub(r":\d+$", "", parts.netloc.lower())):
            raise ValueError("must be https, as browsers install apps from secure origins only")
        return host + parts.path

    @field_validator("languages")
    @classmethod
    def supported(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        """Map accepted codes (`no`, `de-AT`) to ours, once each; refuse others."""
        found = [canonical(tag) for tag in tags]
        if None in found:
            raise ValueError("holds a language that is not supported")
        return tuple(dict.fromkeys(tag for tag in found if tag))

    @model_validator(mode="after")
    def drawable(self) -> Self:
        """Refuse a logo that is no PNG, too small or a decompression bomb, before anything opens it."""
        if self.logo is not None:
            check_logo(self.logo)
        return self

    @property
    def language(self) -> str:
        """The default language."""
        return self.languages[0]

    @property
    def origin(self) -> str:
        """Scheme, host and port of the API."""
        return origin(self.base_url)

    @property
    def picture_origins(self) -> tuple[str, ...]:
        """Where pictures may come from."""
        return tuple(dict.fromkeys((self.origin, *([origin(self.media_url)] if self.media_url else []))))

    @property
    def shown(self) -> tuple[str, ...]:
        """The optional parts of the app that its features switch on; listings, categories and search are
        always there.
        """
        return tuple(
            sorted({SHOWN[name] for feature in self.features if (name := feature.replace("_", "-")) in SHOWN})
        )


def origin(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def direction(language: str) -> Literal["ltr", "rtl"]:
    """The writing direction of a language."""
    return "rtl" if LANGUAGES[language].right_to_left else "ltr"


def check_logo(logo: bytes) -> None:
    """Read size and type from the PNG header alone."""
    if len(logo) > LOGO_BYTES:
        raise LogoInvalid(f"The logo has {len(logo)} bytes; at most {LOGO_BYTES} are allowed.")
    if logo[:8] != PNG or logo[12:16] != b"IHDR" or len(logo) < 33:
        raise LogoInvalid("The logo is not a PNG.")
    width, height = struct.unpack(">II", logo[16:24])
    if not (LOGO_MIN <= width <= LOGO_MAX and LOGO_MIN <= height <= LOGO_MAX):
        raise LogoInvalid(
            f"The logo has {width} × {height} pixels; each side may have {LOGO_MIN} to {LOGO_MAX}."
        )
