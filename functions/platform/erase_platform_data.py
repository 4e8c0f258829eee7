"""Erase what the platform itself holds in undelivered events about a person whose time is up, or of a city
that is gone.
"""

from functions.platform.models import MODELS
from shared.keeper import eraser

erase_platform_data = eraser(__name__, MODELS)
