"""The tiles that a new city starts with, in all ten languages; its admins change them as they like."""

from typing import NamedTuple


class Default(NamedTuple):
    """One tile: symbol, path of the app, the feature that it needs, title by language."""

    icon: str
    link: str
    feature: str
    titles: dict[str, str]


DEFAULTS = (
    Default(
        "search",
        "/search",
        "",
        {
            "de": "Suchen & Entdecken",
            "en": "Search & discover",
            "ar": "بحث واستكشاف",
            "da": "Søg og opdag",
            "fa": "جستجو و کشف",
            "nb": "Søk og oppdag",
            "ru": "Поиск и открытия",
            "sv": "Sök och upptäck",
            "tr": "Ara ve keşfet",
            "uk": "Пошук і відкриття",
        },
    ),
    Default(
        "town-hall",
        "/search/Rathaus",
        "",
        {
            "de": "Rathaus",
            "en": "Town hall",
            "ar": "دار البلدية",
            "da": "Rådhus",
            "fa": "شهرداری",
            "nb": "Rådhus",
            "ru": "Ратуша",
            "sv": "Stadshus",
            "tr": "Belediye",
            "uk": "Ратуша",
        },
    ),
    Default(
        "swim",
        "/search/Schwimmbad",
        "",
        {
            "de": "Schwimmbäder",
            "en": "Swimming pools",
            "ar": "المسابح",
            "da": "Svømmehaller",
            "fa": "استخرها",
            "nb": "Svømmehaller",
            "ru": "Бассейны",
            "sv": "Simhallar",
            "tr": "Yüzme havuzları",
            "uk": "Басейни",
        },
    ),
    Default(
        "pin",
        "/nearby",
        "poi_map",
        {
            "de": "In der Nähe",
            "en": "Nearby",
            "ar": "بالقرب منك",
            "da": "I nærheden",
            "fa": "در نزدیکی",
            "nb": "I nærheten",
            "ru": "Рядом",
            "sv": "I närheten",
            "tr": "Yakınımda",
            "uk": "Поруч",
        },
    ),
    Default(
        "chat",
        "/chat",
        "chatbot",
        {
            "de": "Fragen Sie Ihre Stadt",
            "en": "Ask your city",
            "ar": "اسأل مدينتك",
            "da": "Spørg din by",
            "fa": "از شهرتان بپرسید",
            "nb": "Spør byen din",
            "ru": "Спросите свой город",
            "sv": "Fråga din stad",
            "tr": "Şehrinize sorun",
            "uk": "Запитайте своє місто",
        },
    ),
)
