"""All models of this service: what is handed out and erased (shared/keeping.py)."""
from functions.auth.api_tokens.tables import ApiToken
from functions.auth.tables import Account, Invitation, Session

MODELS = (ApiToken, Session, Invitation, Account)
