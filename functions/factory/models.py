"""All models of this service: what is handed out and erased (shared/personal_data.py)."""

from functions.factory.tables import AppConfiguration, Build

MODELS = (AppConfiguration, Build)
