"""Erase what the analytics service holds about a person whose time is up, or of a city that is gone."""

from functions.analytics.models import MODELS
from shared.keeper import eraser

erase_analytics_data = eraser(__name__, MODELS)
