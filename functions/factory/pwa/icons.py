"""The app's icons, drawn from its initials and colours, or from the city's logo."""

import math
from io import BytesIO
from typing import TYPE_CHECKING

from functions.factory.pwa.config import AppConfig
from functions.factory.pwa.errors import LogoInvalid
from functions.factory.pwa.sign import draw_sign
from shared.kit.contrast import mix, on

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

MASTER = 1024  # drawn large, then scaled down: smooth edges at every size
SAFE = 0.8  # the part of a maskable icon that no platform cuts off (W3C Application Manifest)


def draw_icons(config: AppConfig) -> dict[str, bytes]:
    """Every icon of the bundle as PNG, by path; LogoInvalid when the logo's data is broken."""
    plain, full = master(config, maskable=False), master(config, maskable=True)
    return {
        "icons/icon-192.png": png(plain, 192),
        "icons/icon-512.png": png(plain, 512),
        "icons/maskable-192.png": png(full, 192),
        "icons/maskable-512.png": png(full, 512),
        "icons/apple-touch-icon.png": png(full, 180),
        "icons/favicon.png": png(plain, 48),
    }


def master(config: AppConfig, *, maskable: bool) -> "Image":
    """The icon in its largest size; a maskable one fills the square and keeps its content in the safe zone."""
    from PIL import Image, ImageDraw

    ground = config.theme.background if config.logo else config.theme.primary
    image = Image.new("RGBA", (MASTER, MASTER), ground)
    if config.logo:
        paste_logo(image, config.logo, round(MASTER * (SAFE * 0.72 if maskable else 0.76)))
    else:
        pen = ImageDraw.Draw(image)
        draw_waves(pen, config)
        draw_sign(pen, config.short_name, on(ground), MASTER, SAFE if maskable else 1.0)
    return image if maskable else rounded(image)


def rounded(image: "Image") -> "Image":
    """The square with rounded, transparent corners."""
    from PIL import Image, ImageDraw

    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, MASTER - 1, MASTER - 1), radius=round(MASTER * 0.22), fill=255
    )
    image.putalpha(mask)
    return image


def draw_waves(pen: "ImageDraw", config: AppConfig) -> None:
    """A river along the lower edge, from the one colour to the other."""
    for top, share, shift in ((0.74, 0.35, 0.0), (0.82, 0.65, 1.9), (0.90, 1.0, 3.6)):
        crest = [
            (x, MASTER * (top + 0.022 * math.sin(x / MASTER * 2 * math.pi + shift)))
            for x in range(0, MASTER + 8, 8)
        ]
        colour = mix(config.theme.primary, config.theme.secondary, share)
        pen.polygon([(0, MASTER), *crest, (MASTER, MASTER)], fill=colour)


def paste_logo(image: "Image", logo: bytes, side: int) -> None:
    """The logo in the middle, as large as a square of this side allows, never distorted."""
    from PIL import Image

    try:
        with Image.open(BytesIO(logo), formats=["PNG"]) as opened:
            picture = opened.convert("RGBA")
    except (OSError, SyntaxError, ValueError) as problem:
        raise LogoInvalid("The logo's data is broken.") from problem
    factor = side / max(picture.size)
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    image.alpha_composite(picture, ((MASTER - picture.width) // 2, (MASTER - picture.height) // 2))


def png(image: "Image", side: int) -> bytes:
    """A PNG of this size without any metadata."""
    from PIL import Image

    out = BytesIO()
    image.resize((side, side), Image.Resampling.LANCZOS).save(out, "PNG", compress_level=9)
    return out.getvalue()
