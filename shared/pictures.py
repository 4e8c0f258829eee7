"""Pictures made safe: decoded within limits, turned upright, stripped of all metadata, encoded anew, with a thumbnail."""

import io
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 50_000_000
LONGEST, THUMBNAIL = 2560, 400
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 85, "optimize": True, "progressive": True},
    "PNG": {"optimize": True},
    "WEBP": {"quality": 85},
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
log = logging.getLogger("heidi.media")


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


def render(data: bytes) -> Picture:
    """The picture in a file; PictureRefused when there is none, when it is damaged or has too many pixels."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=tuple(EXTENSIONS)) as opened:
            kind = opened.format or ""
            image = upright(opened)
    except PictureRefused:
        raise
    except Exception as error:  # decoders meet hostile files with every kind of exception
        log.warning("a picture was refused", extra={"context": {"error": type(error).__name__}})
        raise PictureRefused("the picture is damaged, or none") from error
    small = image.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    return Picture(encoded(image, kind), encoded(small, kind), image.width, image.height, EXTENSIONS[kind])


def upright(opened: "Image") -> "Image":
    """The first frame in sRGB, at most LONGEST pixels a side, turned as the camera noted."""
    from PIL.Image import Transpose

    if opened.width * opened.height > MAX_PIXELS:
        raise PictureRefused(
            f"the picture has {opened.width} x {opened.height} pixels; {MAX_PIXELS:,} are the most"
        )
    turn = TURNS.get(opened.getexif().get(ORIENTATION, 1))
    opened.draft("RGB", (LONGEST, LONGEST))  # a JPEG is decoded at a smaller scale at once
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
