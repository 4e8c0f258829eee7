"""Hand out what the chatbot service holds about a person, or of a whole city."""

from functions.chatbot.models import MODELS
from shared.keeper import exporter

export_chatbot_data = exporter(__name__, MODELS)
