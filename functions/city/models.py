"""All models of this service: what is handed out and erased (shared/keeping.py)."""

from functions.city.apps.tables import App
from functions.city.boundaries.tables import Boundary
from functions.city.deletion.tables import Export
from functions.city.domains.tables import Domain
from functions.city.legal.tables import LegalText
from functions.city.tables import City

MODELS = (App, Boundary, Domain, Export, LegalText, City)
