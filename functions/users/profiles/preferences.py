"""How a person wants to be reached, and when not."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from functions.users.profiles.tables import Profile
from shared.field_errors import wrong
from shared.schema import CLOCK, LanguageTag, Schema

Channel = Literal["email", "push"]
Channels = Annotated[
    list[Channel], Field(max_length=2), AfterValidator(lambda channels: sorted(set(channels)))
]
Clock = Annotated[str, StringConstraints(pattern=CLOCK)]


class QuietHours(Schema):
    """Times of day in the city's time zone; they may go over midnight."""

    from_: Annotated[Clock, Field(alias="from")]
    until: Clock

    @property
    def times(self) -> tuple[str, str]:
        """From and until."""
        return (self.from_, self.until)

    @model_validator(mode="after")
    def some_time(self) -> Self:
        """Refuse hours that begin when they end: nobody can tell whether that is never or always."""
        if self.from_ == self.until:
            raise wrong("SAME_TIMES")
        return self


class PreferencesIn(Schema):
    """The whole of it: no `channels`, no messages but those that the account needs; no `quietHours`, none."""

    channels: Channels
    quiet_hours: QuietHours | None = None
    language: LanguageTag | None = None


class PreferencesOut(Schema):
    language: str
    channels: list[Channel]
    quiet_hours: QuietHours | None

    @classmethod
    def of(cls, profile: Profile) -> Self:
        """What a profile says."""
        hours: dict[str, Any] = {"from": profile.quiet_from, "until": profile.quiet_until}
        return cls.model_validate(
            {
                "language": profile.language,
                "channels": profile.channels,
                "quietHours": hours if profile.quiet_from else None,
            }
        )
