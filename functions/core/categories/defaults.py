"""The categories that a new city starts with; its admins change them as they like."""

from typing import NamedTuple


class Default(NamedTuple):
    """One category: slug, symbol, German and English name, sub-categories."""

    slug: str
    icon: str
    de: str
    en: str
    children: "tuple[Default, ...]" = ()

    @property
    def names(self) -> dict[str, str]:
        """As the table keeps them."""
        return {"de": self.de, "en": self.en}


DEFAULTS = (
    Default(
        "rathaus-service",
        "town-hall",
        "Rathaus & Bürgerservice",
        "Town hall & services",
        (
            Default("rathaus", "town-hall", "Rathaus & Ämter", "Town hall & offices"),
            Default("buergeraemter", "id-card", "Bürgerämter", "Citizens' offices"),
            Default("beratung", "info", "Beratungsstellen", "Advice centres"),
        ),
    ),
    Default(
        "bildung",
        "school",
        "Bildung & Betreuung",
        "Education & childcare",
        (
            Default("kitas", "play", "Kitas", "Nurseries"),
            Default("schulen", "school", "Schulen", "Schools"),
            Default("bibliotheken", "book", "Bibliotheken", "Libraries"),
            Default(
                "weiterbildung", "school", "Volkshochschule & Musikschule", "Adult education & music school"
            ),
        ),
    ),
    Default(
        "freizeit-sport",
        "swim",
        "Freizeit & Sport",
        "Leisure & sports",
        (
            Default("schwimmbaeder", "swim", "Schwimmbäder", "Swimming pools"),
            Default("sportstaetten", "sport", "Sportstätten", "Sports grounds"),
            Default("spielplaetze", "play", "Spielplätze", "Playgrounds"),
            Default("vereine", "people", "Vereine", "Clubs"),
        ),
    ),
    Default(
        "kultur",
        "theatre",
        "Kultur",
        "Culture",
        (
            Default("museen", "museum", "Museen", "Museums"),
            Default("theater-buehnen", "theatre", "Theater & Bühnen", "Theatres & stages"),
            Default("veranstaltungen", "calendar", "Veranstaltungen", "Events"),
        ),
    ),
    Default(
        "maerkte",
        "market",
        "Märkte & Einkaufen",
        "Markets & shopping",
        (
            Default("wochenmaerkte", "market", "Wochenmärkte", "Weekly markets"),
            Default("geschaefte", "shop", "Geschäfte", "Shops"),
            Default("gastronomie", "food", "Essen & Trinken", "Food & drink"),
        ),
    ),
    Default(
        "entsorgung",
        "recycle",
        "Abfall & Entsorgung",
        "Waste & recycling",
        (
            Default("recyclinghoefe", "recycle", "Recyclinghöfe", "Recycling yards"),
            Default("sammelstellen", "recycle", "Sammelstellen", "Collection points"),
        ),
    ),
    Default(
        "natur",
        "tree",
        "Natur & Grün",
        "Nature & parks",
        (
            Default("parks-gaerten", "tree", "Parks & Gärten", "Parks & gardens"),
            Default("wanderwege", "view", "Wege & Aussichten", "Trails & viewpoints"),
        ),
    ),
    Default(
        "gesundheit",
        "health",
        "Gesundheit & Soziales",
        "Health & social services",
        (
            Default("kliniken", "health", "Kliniken & Praxen", "Hospitals & practices"),
            Default("apotheken", "health", "Apotheken", "Pharmacies"),
            Default("notdienste", "phone", "Notdienste", "Emergency services"),
        ),
    ),
    Default(
        "mobilitaet",
        "train",
        "Mobilität",
        "Getting around",
        (
            Default("haltestellen", "train", "Bahnhöfe & Haltestellen", "Stations & stops"),
            Default("parken", "parking", "Parken", "Parking"),
        ),
    ),
    Default(
        "sehenswuerdigkeiten",
        "landmark",
        "Tourismus",
        "Tourism",
        (
            Default("bauwerke", "landmark", "Sehenswürdigkeiten", "Sights"),
            Default("uebernachten", "bed", "Übernachten", "Accommodation"),
            Default("tourist-information", "info", "Tourist-Information", "Tourist information"),
        ),
    ),
)
