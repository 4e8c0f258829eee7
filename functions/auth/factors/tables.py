"""Second factors and recovery codes: what their tables hold (they are read and written by queries.py alone)."""

from shared.db.privacy import Personal, Table

WHY = "to let in only whoever holds the person's own device (GDPR Art. 32)"
SECOND_FACTORS = Table(
    "second_factors",
    Personal(
        "account_id",
        {
            "secret": "secret of the authenticator app, sealed",
            "pending": "the same before it is confirmed, sealed",
        },
        why=WHY,
        kept="until it is removed",
        on_erasure="delete",
        hidden=("secret", "pending", "last_step"),
    ),
)
RECOVERY_CODES = Table(
    "recovery_codes",
    Personal(
        "account_id",
        {"code_hash": "hash of a recovery code"},
        why=WHY,
        kept="until it is used or replaced",
        on_erasure="delete",
        hidden=("code_hash",),
    ),
)
