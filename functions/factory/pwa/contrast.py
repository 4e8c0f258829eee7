"""Colours and their contrast by WCAG 2.2 (relative luminance, success criteria 1.4.3 and 1.4.11)."""

from functions.factory.pwa.errors import ContrastTooLow, Shortfall

Rgb = tuple[int, int, int]
READABLE = 4.5  # text
VISIBLE = 3.0  # controls, icons, the focus ring
WHITE, BLACK = "#ffffff", "#000000"


def rgb(colour: str) -> Rgb:
    """The three channels of `#rrggbb`, 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(one: str, other: str, share: float) -> str:
    """A colour between two: `share` 0 is the one, 1 is the other."""
    return "#" + "".join(
        f"{round(a + (b - a) * share):02x}" for a, b in zip(rgb(one), rgb(other), strict=True)
    )


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


def on(colour: str) -> str:
    """White or black, whichever reads better on this colour; one of them always has at least 4.5:1."""
    return WHITE if ratio(WHITE, colour) >= ratio(BLACK, colour) else BLACK


def check_contrast(*, primary: str, background: str, text: str) -> None:
    """Refuse a theme that is hard to read; the secondary colour only decorates, so it may be any.

    Raises ContrastTooLow with every pair that misses its ratio.
    """
    pairs = (("text on background", text), ("primary on background", primary))
    found = [
        Shortfall(f"{name} ({colour} on {background})", ratio(colour, background), READABLE)
        for name, colour in pairs
        if ratio(colour, background) < READABLE
    ]
    if found:
        raise ContrastTooLow(found)


def palette(*, primary: str, secondary: str, background: str, text: str) -> dict[str, str]:
    """The colours of the style sheet, derived from the four of the theme so that each pair in use stays readable."""
    dark = luminance(background) < luminance(text)
    surface = mix(background, WHITE, 0.05 if dark else 0.75)
    if min(ratio(text, surface), ratio(primary, surface)) < READABLE:
        surface = background
    muted = mix(text, background, 0.28)
    if min(ratio(muted, surface), ratio(muted, background)) < READABLE:
        muted = text
    tint = mix(surface, primary, 0.09)
    focus = secondary if min(ratio(secondary, surface), ratio(secondary, background)) >= VISIBLE else primary
    return {
        "primary": primary,
        "secondary": secondary,
        "background": background,
        "text": text,
        "surface": surface,
        "muted": muted,
        "tint": tint if ratio(text, tint) >= READABLE and ratio(primary, tint) >= READABLE else surface,
        "line": mix(background, text, 0.16),
        "edge": edge(background, text, surface),
        "focus": focus,
        "on-primary": on(primary),
        "deep": mix(primary, BLACK if on(primary) == WHITE else WHITE, 0.3),
        "scheme": "dark" if dark else "light",
    }


def edge(background: str, text: str, surface: str) -> str:
    """The lightest border that marks a control on both grounds (WCAG 1.4.11)."""
    shades = (mix(background, text, step / 10) for step in range(4, 11))
    return next(
        (shade for shade in shades if min(ratio(shade, background), ratio(shade, surface)) >= VISIBLE), text
    )
