"""Erase what the factory service holds about a person whose time is up, or of a city that is gone."""

from functions.factory.models import MODELS
from shared.keeper import eraser

erase_factory_data = eraser(__name__, MODELS)
