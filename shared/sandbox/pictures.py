"""Pictures made safe: decoded within limits, turned upright, stripped of all metadata, encoded anew, with a
thumbnail.

Decoders are written in C and meet files of strangers: they work in a process of their own
(shared/sandbox/confined.py).
"""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.kit.shares import Whose
from shared.sandbox.confined import MIB, Died, Work, as_many_as_fit, run

if TYPE_CHECKING:
    from PIL.Image import Image

# only a JPEG can be decoded at a smaller scale
MAX_PIXELS = {"JPEG": 50_000_000, "PNG": 16_000_000, "WEBP": 16_000_000}
LONGEST, THUMBNAIL = 2560, 400
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
# no better ones: a PNG made for it keeps zlib's level 9 busy for half a minute
OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 85, "optimize": True, "progressive": True},
    "PNG": {"compress_level": 4},
    "WEBP": {"quality": 85, "method": 1},
}
ORIENTATION = 0x0112
TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}  # EXIF 2.32 §4.6.4, undone
# modes that cannot be scaled down as they are
BY_THEIR_SHADES = frozenset({"1", "P", "PA", "I", "I;16", "I;16B", "I;16L", "F"})
TOO_INTRICATE = "the picture is too large or too intricate to be decoded"
# of addresses: a PNG of 16 megapixels takes 250, WebP 320, a progressive JPEG of 50 megapixels 400
MEMORY = 512 * MIB
RENDER = Work(
    "shared.sandbox.pictures",
    "rendered",
    MEMORY,
    cpu=5,
    seconds=15,
    at_once=as_many_as_fit(MEMORY),
    queue=4,
    patience=5,
    imports=(
        "PIL.ImageCms",
        "PIL.JpegImagePlugin",
        "PIL.PngImagePlugin",
        "PIL.WebPImagePlugin",
        "PIL.MpoImagePlugin",
    ),
)


class PictureRefused(Exception):
    """A file that is no picture that we can show; the message says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be shown, with its thumbnail in the same format; sizes in pixels."""

    content: bytes
    thumbnail: bytes
    width: int
    height: int
    extension: str


def render(data: bytes, whose: Whose) -> Picture:
    """The picture in a file; PictureRefused when there is none, when it is damaged or too large. Busy when
    many come.
    """
    try:
        made = run(RENDER, data, whose)
    except Died as error:
        raise PictureRefused(TOO_INTRICATE) from error
    match made:
        case ({"refused": str(problem)},):
            raise PictureRefused(problem)
        case (
            {"width": int(width), "height": int(height), "extension": "jpg" | "png" | "webp" as extension},
            content,
            thumbnail,
        ):
            return Picture(content, thumbnail, width, height, extension)
    raise PictureRefused(TOO_INTRICATE)  # a child that was taken over may say anything


def rendered(data: bytes) -> tuple[Any, ...]:
    """In the child: the picture's facts, itself and its thumbnail; or why there is none."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=tuple(EXTENSIONS)) as opened:
            kind = opened.format or ""
            image = upright(opened)
    except PictureRefused as problem:
        return ({"refused": str(problem)},)
    except MemoryError:
        return ({"refused": TOO_INTRICATE},)
    except Exception:  # noqa: BLE001 (decoders meet hostile files with every kind of exception)
        return ({"refused": "the picture is damaged, or none"},)
    small = image.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    facts = {"width": image.width, "height": image.height, "extension": EXTENSIONS[kind]}
    return facts, encoded(image, kind), encoded(small, kind)


def upright(opened: "Image") -> "Image":
    """The first frame in sRGB, at most LONGEST pixels a side, turned as the camera noted."""
    from PIL.Image import Transpose

    most = MAX_PIXELS[opened.format or "PNG"]
    if opened.width * opened.height > most:
        raise PictureRefused(
            f"the picture has {opened.width} x {opened.height} pixels; {most:,} are the most"
        )
    turn = TURNS.get(opened.getexif().get(ORIENTATION, 1))
    opened.draft("RGB", (LONGEST, LONGEST))  # a JPEG is decoded at a smaller scale at once
    if opened.mode not in BY_THEIR_SHADES:
        opened.thumbnail((LONGEST, LONGEST))
    image = in_srgb(opened)
    image.thumbnail((LONGEST, LONGEST))
    return image.transpose(Transpose[turn]) if turn else image


def in_srgb(opened: "Image") -> "Image":
    """The picture's colours as every screen understands them, transparency kept."""
    from PIL import ImageCms

    profile = opened.info.get("icc_profile")
    if profile and opened.mode in ("RGB", "CMYK"):
        try:
            source, target = io.BytesIO(profile), ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(opened, source, target, outputMode="RGB") or opened.convert(
                "RGB"
            )
        except ImageCms.PyCMSError:
            pass  # a broken profile costs the exact colours, not the picture
    if opened.mode.startswith("I"):  # 16 bits a pixel, which Pillow would cut off instead of scaling
        return opened.convert("I").point(lambda value: value / 257).convert("RGB")
    return opened.convert("RGBA" if opened.has_transparency_data else "RGB")


def encoded(image: "Image", kind: str) -> bytes:
    """The pixels alone, in their format: no EXIF, no comments, no profile."""
    image.info.clear()
    file = io.BytesIO()
    image.save(file, kind, exif=b"", icc_profile=None, **OPTIONS[kind])
    return file.getvalue()
