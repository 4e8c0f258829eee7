"""Versions of the terms of use, and their acceptances, as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped

from shared.db.orm import TenantModel
from shared.db.privacy import Personal


class TermsVersion(TenantModel):
    """One version of a city's terms; `texts` maps languages to rich text."""

    __tablename__ = "terms_versions"
    privacy = Personal(
        "published_by",
        {},
        why="to show which terms were in force when, and who said so (GDPR Art. 5(2))",
        kept="as long as the city; who published them 30 days after the account",
        on_erasure="anonymise",
        plain=("texts",),
    )
    version: Mapped[int]
    mandatory: Mapped[bool]
    texts: Mapped[dict[str, Any]]
    published_by: Mapped[UUID | None]
    published_at: Mapped[datetime]


class TermsAcceptance(TenantModel):
    """That a person has accepted a version, having read it in a language."""

    __tablename__ = "terms_acceptances"
    privacy = Personal(
        "user_id",
        {"language": "language of the text that was accepted"},
        why="to show that somebody has accepted the terms (GDPR Art. 5(2), 6(1)(b))",
        kept="as long as the account, and 30 days",
        on_erasure="delete",
    )
    user_id: Mapped[UUID]
    version: Mapped[int]
    language: Mapped[str]
    accepted_at: Mapped[datetime]
