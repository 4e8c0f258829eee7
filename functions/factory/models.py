"""All models of this service: what is handed out and erased (shared/keeping.py)."""

from functions.factory.tables import AppConfiguration, Build

MODELS = (AppConfiguration, Build)
