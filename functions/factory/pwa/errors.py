"""What can be wrong with a configuration that is well-formed."""

from shared.errors import Invalid


class AppInvalid(Invalid, ValueError):
    """A configuration from which no good app can be built; nothing is built."""

    message = "No app can be built from this configuration: {problem}"

    def __init__(self, problem: str) -> None:
        super().__init__(problem=problem)


class LogoInvalid(AppInvalid):
    """The logo is not a PNG that we can draw."""
