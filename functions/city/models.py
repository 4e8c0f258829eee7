"""All models of this service: what is handed out and erased (shared/keeping.py)."""
from functions.city.tables import City

MODELS = (City,)
