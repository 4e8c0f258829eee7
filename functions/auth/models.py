"""All models of this service: what is handed out and erased (shared/keeping.py)."""
from functions.auth.tables import Account, Invitation, Session

MODELS = (Session, Invitation, Account)
