"""What the broker over RabbitMQ reads from its environment."""
from functools import lru_cache

from pydantic import AliasChoices, Field, SecretStr, ValidationError

from shared.settings import SettingsError, secret_directories
from tooling.broker.settings import BrokerSettings


class RabbitSettings(BrokerSettings):
    """As the local broker's; its port is PORT, and its database is RabbitMQ."""

    rabbitmq_url: SecretStr = Field(SecretStr("amqp://guest:guest@127.0.0.1:5672/"), description="amqp:// or amqps://")
    broker_host: str = "0.0.0.0"
    broker_port: int = Field(8081, ge=1, le=65_535, validation_alias=AliasChoices("PORT", "BROKER_PORT"))


@lru_cache
def rabbit_settings() -> RabbitSettings:
    """The settings of this process; SettingsError names every problem."""
    try:
        return RabbitSettings(_secrets_dir=secret_directories() or None)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors(include_input=False)]
        raise SettingsError("These settings are wrong:\n  " + "\n  ".join(lines)) from None
