"""Erase what the city service holds about a person, or of a city that is gone; its row stays, so that nobody
gets its name.
"""

from functions.city.models import MODELS
from shared.keeper import eraser

erase_city_data = eraser(__name__, MODELS, except_for=("cities",))
