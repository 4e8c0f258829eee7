"""The modules that a city has switched on."""

from typing import Annotated

from pydantic import AfterValidator, Field

from shared.field_errors import wrong
from shared.kit.features import MODULES


def known(names: list[str]) -> list[str]:
    """The modules in order, once each; refused where one of them does not exist."""
    strange = next((name for name in names if name not in MODULES), None)
    if strange is not None:
        raise wrong("NOT_ONE_OF", oneOf=sorted(MODULES))
    return sorted(set(names))


Features = Annotated[
    list[str],
    AfterValidator(known),
    Field(max_length=100, description="modules of §18.2 that are switched on"),
]
