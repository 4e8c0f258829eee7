"""How people want to be addressed: a fixed list, in ten languages."""

from typing import Literal

Salutation = Literal["", "ms", "mr", "neutral", "family"]
NAMES: dict[str, dict[str, str]] = {
    "ms": {
        "de": "Frau",
        "en": "Ms",
        "ar": "السيدة",
        "da": "Fru",
        "fa": "خانم",
        "nb": "Fru",
        "ru": "Госпожа",
        "sv": "Fru",
        "tr": "Hanım",
        "uk": "Пані",
    },
    "mr": {
        "de": "Herr",
        "en": "Mr",
        "ar": "السيد",
        "da": "Hr.",
        "fa": "آقای",
        "nb": "Herr",
        "ru": "Господин",
        "sv": "Herr",
        "tr": "Bey",
        "uk": "Пан",
    },
    "neutral": {
        "de": "Neutrale Anrede",
        "en": "Gender-neutral",
        "ar": "بدون لقب",
        "da": "Kønsneutral tiltale",
        "fa": "خطاب بی‌طرف",
        "nb": "Kjønnsnøytral tiltale",
        "ru": "Нейтральное обращение",
        "sv": "Könsneutralt tilltal",
        "tr": "Cinsiyetsiz hitap",
        "uk": "Нейтральне звертання",
    },
    "family": {
        "de": "Familie",
        "en": "Family",
        "ar": "عائلة",
        "da": "Familien",
        "fa": "خانواده",
        "nb": "Familien",
        "ru": "Семья",
        "sv": "Familjen",
        "tr": "Ailesi",
        "uk": "Родина",
    },
}
