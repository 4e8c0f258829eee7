"""Erase what the auth service holds about a person whose time is up, or of a city that is gone."""

from functions.auth.models import MODELS
from shared.keeper import eraser

erase_auth_data = eraser(__name__, MODELS)
