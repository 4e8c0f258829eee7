"""The sign on an icon: one or two initials, or a town gate for names that the built-in font has no letters
for.
"""

import math
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

DIAERESIS = "\u0308"
# letters that do not come apart into base and mark
SPECIAL = str.maketrans({"Æ": "A", "Ø": "O", "Œ": "O", "Ł": "L", "Đ": "D"})


def draw_sign(pen: "ImageDraw", name: str, colour: str, side: int, scale: float) -> None:
    """The sign of a name on a square of `side` pixels, as a `scale` part of its usual size."""
    letters = initials(name)
    if letters:
        draw_letters(pen, letters, colour, side, scale)
    else:
        draw_gate(pen, colour, side, scale)


def initials(name: str) -> list[str]:
    """At most two initials, each a base letter and its marks; none when one of them is not Latin."""
    words = [
        word
        for word in "".join(letter if letter.isalnum() else " " for letter in name).split()
        if word[0].isalpha()
    ]
    heads = [unicodedata.normalize("NFKD", word[0].upper()[0].translate(SPECIAL)) for word in words]
    chosen = heads[:1] + heads[1:][-1:]
    return chosen if all("A" <= head[0] <= "Z" for head in chosen) else []


def draw_letters(pen: "ImageDraw", letters: list[str], colour: str, side: int, scale: float) -> None:
    """The letters, centred above the river; the dots of Ä, Ö, Ü are drawn, as the built-in font has none."""
    from PIL import ImageFont

    font = ImageFont.load_default(size=round(side * scale * (0.62 if len(letters) == 1 else 0.43)))
    glyphs = "".join(letter[0] for letter in letters)
    left, top, right, bottom = pen.textbbox((0, 0), glyphs, font=font)
    x, y = (side - (right - left)) / 2 - left, side * (0.43 if scale == 1 else 0.45) - (bottom + top) / 2
    pen.text(
        (x, y), glyphs, font=font, fill=colour, stroke_width=round(side * 0.012 * scale), stroke_fill=colour
    )
    for index, letter in enumerate(letters):
        if DIAERESIS in letter:
            start, end = (pen.textlength(glyphs[:count], font=font) for count in (index, index + 1))
            draw_dots(pen, x + (start + end) / 2, y + top - side * 0.06 * scale, colour, side * scale)


def draw_dots(pen: "ImageDraw", x: float, y: float, colour: str, size: float) -> None:
    """A diaeresis around a point."""
    radius = size * 0.034
    for middle in (x - size * 0.07, x + size * 0.07):
        pen.ellipse((middle - radius, y - radius, middle + radius, y + radius), fill=colour)


def draw_gate(pen: "ImageDraw", colour: str, side: int, scale: float) -> None:
    """A town gate between two towers."""

    def place(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(side * (0.5 + (x - 0.5) * scale), side * (0.45 + (y - 0.43) * scale)) for x, y in points]

    for x in (0.24, 0.62):
        pen.polygon(
            place((x, 0.32), (x + 0.07, 0.18), (x + 0.14, 0.32), (x + 0.14, 0.68), (x, 0.68)), fill=colour
        )
    turns = [turn / 24 * math.pi for turn in range(25)]
    arch = [(0.5 + 0.075 * math.cos(turn), 0.56 - 0.075 * math.sin(turn)) for turn in turns]
    pen.polygon(
        place((0.38, 0.42), (0.62, 0.42), (0.62, 0.68), (0.575, 0.68), *arch, (0.425, 0.68), (0.38, 0.68)),
        fill=colour,
    )
