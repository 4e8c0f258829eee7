"""What the broker over RabbitMQ reads from its environment."""

from functools import lru_cache

from pydantic import AliasChoices, Field, SecretStr

from broker.settings import BrokerSettings
from shared.kit.settings import checked


class RabbitSettings(BrokerSettings):
    """As the local broker's; its port is PORT, and its database is RabbitMQ."""

    rabbitmq_url: SecretStr = Field(
        SecretStr("amqp://guest:guest@127.0.0.1:5672/"), description="amqp:// or amqps://"
    )
    broker_host: str = "0.0.0.0"  # noqa: S104 (in a container)
    broker_port: int = Field(8081, ge=1, le=65_535, validation_alias=AliasChoices("PORT", "BROKER_PORT"))


@lru_cache
def rabbit_settings() -> RabbitSettings:
    """The settings of this process; raises SettingsError naming every problem."""
    return checked(RabbitSettings)
