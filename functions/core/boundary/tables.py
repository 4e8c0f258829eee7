"""The table of boundaries."""

from shared.db.privacy import Impersonal, Table

BOUNDARIES = Table("boundaries", Impersonal("where the city ends"))
