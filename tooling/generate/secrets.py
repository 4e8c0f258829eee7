"""Which settings only some services are given; heidi-secrets holds those without which no function starts."""

FOR_ALL = (
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    "JWT_SECRET",
    "JWT_KEYS",
    "JWT_REFRESH_SECRET",
    "BROKER_TOKEN",
    "ENCRYPTION_KEY",
    "SENTRY_DSN",
)
FOR_MIGRATION = ("POSTGRES_OWNER_PASSWORD",)
# By the adapter that reads them (a test follows the imports): whoever cannot send mail has no password for it.
ADAPTERS = {
    "shared.storage": ("S3_ACCESS_KEY", "S3_SECRET_KEY"),
    "shared.relay": ("POSTGRES_RELAY_PASSWORD",),
    "shared.mail": ("SMTP_USER", "SMTP_PASSWORD"),
    "shared.push.fcm": ("FIREBASE_PRIVATE_KEY",),
    "shared.push.apns": ("APNS_KEY",),
    "shared.llm": ("OPENAI_API_KEY",),
    "shared.vectors.pinecone": ("PINECONE_API_KEY",),
}
FILES = ("shared.storage",)  # every service hands out and erases what it holds about a person
SWEEPS = ("shared.relay",)  # its clock looks through all cities
USES = {
    "analytics": FILES + SWEEPS,
    "audit": FILES + SWEEPS,
    "auth": FILES + SWEEPS,
    "chatbot": (*FILES, "shared.llm", "shared.vectors.pinecone"),
    "city": FILES + SWEEPS,
    "core": FILES + SWEEPS,
    "factory": FILES,
    "notification": (*FILES, *SWEEPS, "shared.mail", "shared.push.fcm", "shared.push.apns"),
    "platform": FILES + SWEEPS,
    "users": FILES + SWEEPS,
}


def own(service: str) -> tuple[str, ...]:
    """What the Secret heidi-<service> holds; nothing where the service needs nothing of its own."""
    return tuple(sorted(name for adapter in USES.get(service, ()) for name in ADAPTERS[adapter]))


def account(service: str) -> str:
    """A service's ServiceAccount, and its Secret."""
    return f"heidi-{service}"
