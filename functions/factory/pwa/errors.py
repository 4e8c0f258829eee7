"""What can be wrong with a configuration that is well-formed."""

from dataclasses import dataclass

from shared.errors import Invalid


class AppInvalid(Invalid, ValueError):
    """A configuration from which no good app can be built; nothing is built."""

    message = "No app can be built from this configuration: {problem}"

    def __init__(self, problem: str) -> None:
        super().__init__(problem=problem)


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Two colours that are hard to tell apart, with their contrast ratio and the one that WCAG 2.2 AA asks for."""

    colours: str
    ratio: float
    required: float

    def __str__(self) -> str:
        return f"{self.colours} has {self.ratio:.2f}:1 and needs {self.required:.1f}:1"


class ContrastTooLow(AppInvalid):
    """The theme's colours cannot be read by everybody; `shortfalls` names every pair, not the first."""

    def __init__(self, shortfalls: list[Shortfall]) -> None:
        self.shortfalls = shortfalls
        super().__init__("; ".join(str(one) for one in shortfalls))

    def __str__(self) -> str:
        return f"The contrast of the colours is too low: {self.details['problem']}"


class LogoInvalid(AppInvalid):
    """The logo is not a PNG that we can draw."""
