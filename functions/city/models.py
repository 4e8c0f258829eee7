"""All models of this service: what is handed out and erased (shared/personal_data.py)."""

from functions.city.apps.tables import App
from functions.city.boundaries.tables import Boundary
from functions.city.cities.tables import City
from functions.city.deletion.tables import Export
from functions.city.domains.tables import Domain
from functions.city.legal.tables import LegalText

MODELS = (App, Boundary, Domain, Export, LegalText, City)
