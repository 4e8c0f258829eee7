"""Hand out what the city service holds about a person, or of a whole city."""

from functions.city.models import MODELS
from shared.keeper import exporter

export_city_data = exporter(__name__, MODELS)
