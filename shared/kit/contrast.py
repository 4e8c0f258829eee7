"""How well colours can be told apart (WCAG 2.2, success criterion 1.4.3), and the refusal of those that
cannot.
"""

from dataclasses import dataclass

from shared.errors import Invalid
from shared.field_errors import found

Rgb = tuple[int, int, int]
READABLE = 4.5  # text
WHITE, BLACK = "#ffffff", "#000000"


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A colour that is hard to read on its background, with the contrast ratio and the one that WCAG 2.2 AA
    asks for.
    """

    field: str
    colour: str
    background: str
    ratio: float
    required: float = READABLE

    def __str__(self) -> str:
        """In signs, for a sentence of any language."""
        return f"{self.field} {self.colour} / {self.background} {self.ratio:.2f} < {self.required}"

    @property
    def told(self) -> dict[str, object]:
        """As details have it."""
        return found(
            f"theme.{self.field}",
            "CONTRAST_LOW",
            pair=f"{self.colour} / {self.background}",
            ratio=round(self.ratio, 2),
            minimum=self.required,
        )


class ContrastTooLow(Invalid, ValueError):
    """The theme's colours cannot be read by everybody; `shortfalls`, and the details' `errors`, name every
    pair.
    """

    message = "These colours have too little contrast: {problem}"

    def __init__(self, shortfalls: list[Shortfall]) -> None:
        self.shortfalls = shortfalls
        super().__init__(problem="; ".join(map(str, shortfalls)), errors=[one.told for one in shortfalls])


def rgb(colour: str) -> Rgb:
    """The three channels of `#rrggbb`, 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def luminance(colour: str) -> float:
    """Relative luminance, 0 (black) to 1 (white)."""
    red, green, blue = (linear(channel / 255) for channel in rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(channel: float) -> float:
    """One sRGB channel without its gamma."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def ratio(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """A colour between two: `share` 0 is the one, 1 is the other."""
    return "#" + "".join(
        f"{round(a + (b - a) * share):02x}" for a, b in zip(rgb(one), rgb(other), strict=True)
    )


def on(colour: str) -> str:
    """White or black, whichever reads better on this colour; one of them always has at least 4.5:1."""
    return WHITE if ratio(WHITE, colour) >= ratio(BLACK, colour) else BLACK


def readable(colour: str, background: str) -> str:
    """The colour, as much nearer to white or black as it takes to be read on a background."""
    end = on(background)
    shades = (mix(colour, end, step / 20) for step in range(21))
    return next(shade for shade in shades if ratio(shade, background) >= READABLE)


def check_contrast(*, primary: str, background: str, text: str) -> None:
    """Refuse a theme that is hard to read; the secondary colour only decorates, so it may be any.

    Raises ContrastTooLow with every pair that misses its ratio.
    """
    pairs = (("text", text), ("primary", primary))
    found = [Shortfall(field, colour, background, ratio(colour, background)) for field, colour in pairs]
    if low := [shortfall for shortfall in found if shortfall.ratio < READABLE]:
        raise ContrastTooLow(low)
