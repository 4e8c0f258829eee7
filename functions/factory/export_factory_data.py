"""Hand out what the factory service holds about a person, or of a whole city."""

from functions.factory.models import MODELS
from shared.keeper import exporter

export_factory_data = exporter(__name__, MODELS)
