"""The colours of an app, derived so that they can be read (WCAG 2.2, success criteria 1.4.3 and 1.4.11)."""

from shared.kit.contrast import BLACK, READABLE, WHITE, luminance, mix, on, ratio

VISIBLE = 3.0  # controls, icons, the focus ring


def palette(*, primary: str, secondary: str, background: str, text: str) -> dict[str, str]:
    """The colours of the style sheet, derived from the four of the theme so that each pair in use stays
    readable.
    """
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
