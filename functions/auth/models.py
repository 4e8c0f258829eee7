"""All models of this service: what is handed out and erased (shared/keeping.py)."""
from functions.auth.factors.tables import RECOVERY_CODES, SECOND_FACTORS
from functions.auth.guests.tables import Conversion, Guest
from functions.auth.tables import Account, Invitation, Session

MODELS = (RECOVERY_CODES, SECOND_FACTORS, Guest, Conversion, Session, Invitation, Account)
