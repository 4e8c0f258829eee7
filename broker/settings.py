"""What the broker reads from its environment beyond the house's settings, checked once at start."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from shared.kit.settings import Settings, checked

Seconds = Annotated[float, Field(ge=0, le=86_400)]


def between_commas(value: object) -> object:
    """Take `1,2,4` apart."""
    return value.split(",") if isinstance(value, str) else value


class BrokerSettings(Settings):
    """The owner role's connection, token and gateway come from the house; the rest has the local stack's
    defaults.
    """

    broker_host: str = "127.0.0.1"
    broker_port: int = Field(8081, ge=1, le=65_535)
    broker_database: str = "heidi_broker"
    broker_triggers: Path | None = None
    broker_backoff: Annotated[tuple[Seconds, ...], NoDecode, BeforeValidator(between_commas)] = (
        1.0,
        2.0,
        4.0,
    )
    broker_patience: Seconds = Field(
        3_600.0, description="seconds for which an event is tried again while what it needs is away"
    )
    broker_timeout: float = Field(60.0, gt=0)
    broker_tick_timeout: float = Field(900.0, gt=0)
    broker_in_flight: int = Field(96, ge=1)
    broker_in_flight_per_trigger: int = Field(16, ge=1)
    # the function that keeps what is given up; without one the broker does
    broker_keeper: str = "keep-dead-letter"
    broker_keep_hours: float = Field(24.0, gt=0)


@lru_cache
def broker_settings() -> BrokerSettings:
    """The settings of this process; raises SettingsError naming every problem."""
    return checked(BrokerSettings)
