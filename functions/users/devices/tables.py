"""A device as a row."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from shared.db.orm import TenantModel
from shared.db.privacy import Personal


class Device(TenantModel):
    """Where one of a person's devices is reached by push."""

    __tablename__ = "devices"
    privacy = Personal(
        "user_id",
        {
            "device_id": "the app's name for the installation",
            "platform": "kind of device",
            "token": "where the device is reached",
            "language": "language",
        },
        why="to send the pushes that its owner asked for (GDPR Art. 6(1)(a))",
        kept="until the device is removed",
        on_erasure="delete",
        hidden=("token",),
    )
    user_id: Mapped[UUID]
    device_id: Mapped[str]
    platform: Mapped[str]
    token: Mapped[str]
    language: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
