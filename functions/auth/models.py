"""All models of this service: what is handed out and erased (shared/personal_data.py)."""

from functions.auth.api_tokens.tables import ApiToken
from functions.auth.factors.tables import RECOVERY_CODES, SECOND_FACTORS
from functions.auth.guests.tables import Conversion, Guest
from functions.auth.impersonation.tables import Impersonation
from functions.auth.tables import Account, Invitation, Session
from shared.db.privacy import Models, Personal, Table

REGISTRATIONS = Personal(
    (),
    {
        "email": "address",
        "name": "name",
        "language": "language",
        "password_hash": "bcrypt hash of the password",
    },
    whose="email = (SELECT a.email FROM accounts a WHERE a.tenant_id = :tenant AND a.id = :person)",
    why="to open an account for whoever the address belongs to (GDPR Art. 6(1)(b))",
    kept="a day",
    on_erasure="delete",
    hidden=("password_hash", "token_hash"),
    expires="1 day",
)
RESETS = Personal(
    "account_id",
    {},
    why="to let a person in who has forgotten their password (GDPR Art. 6(1)(b))",
    kept="a day",
    on_erasure="delete",
    hidden=("token_hash",),
    expires="1 day",
)
MODELS: Models = (
    Table("registrations", REGISTRATIONS),
    Table("password_resets", RESETS),
    RECOVERY_CODES,
    SECOND_FACTORS,
    Guest,
    Conversion,
    ApiToken,
    Impersonation,
    Session,
    Invitation,
    Account,
)
