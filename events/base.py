"""What all events are: a frozen payload with a CloudEvent type; fields are only ever added, each with a
default.
"""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

PREFIX = "app.heidi."


class Event(BaseModel):
    """The data of one CloudEvent. Consumers ignore fields that they do not know yet."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)
    topic: ClassVar[str] = ""
    version: ClassVar[int] = 1

    @classmethod
    def type(cls) -> str:
        """The CloudEvent type, for example app.heidi.listing.approved."""
        return PREFIX + cls.topic


class AnyEvent(Event):
    """Whatever is said: a consumer of this hears every event of the platform."""

    model_config = ConfigDict(frozen=True, extra="allow", alias_generator=to_camel, populate_by_name=True)
    topic: ClassVar[str] = "*"
