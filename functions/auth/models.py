"""All models of this service: what is handed out and erased (shared/keeping.py)."""
from functions.auth.api_tokens.tables import ApiToken
from functions.auth.impersonation.tables import Impersonation
from functions.auth.tables import Account, Invitation, Session

MODELS = (ApiToken, Impersonation, Session, Invitation, Account)
