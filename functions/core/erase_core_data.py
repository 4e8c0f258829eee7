"""Erase what the core service holds about a person whose time is up, or of a city that is gone."""

from functions.core.models import MODELS
from shared.keeper import eraser

erase_core_data = eraser(__name__, MODELS)
