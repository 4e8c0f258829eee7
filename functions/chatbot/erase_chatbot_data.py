"""Erase what the chatbot service holds about a person whose time is up, or of a city that is gone, vectors
and files too.
"""

from functions.chatbot.models import MODELS
from functions.chatbot.outside_data import forget_tenant
from shared.keeper import eraser

erase_chatbot_data = eraser(__name__, MODELS, leave=forget_tenant)
