"""What an answer is made of: its text, the passages it quotes, and whether there is an answer at all."""

from dataclasses import dataclass

from functions.chatbot.retrieval.ranking import Candidate


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that the answer rests on; `number` is what the answer's text refers to as [n]."""

    number: int
    document_id: str
    title: str
    url: str | None
    heading: str
    quote: str

    @classmethod
    def of(cls, number: int, source: Candidate, quote: str) -> "Citation":
        """Cite a chunk."""
        return cls(number, source.document_id, source.title, source.url, source.heading, quote)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its citations; without information the text says so and there are no citations."""

    text: str
    citations: tuple[Citation, ...]
    informed: bool
    written_by: str


NO_INFORMATION = {
    "de": "Dazu habe ich in den Unterlagen der Stadt keine Information gefunden.",
    "en": "I found no information about this in the city's documents.",
    "ar": "لم أجد معلومات حول هذا الموضوع في وثائق المدينة.",
    "da": "Jeg fandt ingen oplysninger om dette i byens dokumenter.",
    "fa": "در اسناد شهر اطلاعاتی در این باره پیدا نکردم.",
    "nb": "Jeg fant ingen informasjon om dette i byens dokumenter.",
    "ru": "В документах города я не нашёл информации об этом.",
    "sv": "Jag hittade ingen information om detta i stadens dokument.",
    "tr": "Şehrin belgelerinde bu konuda bilgi bulamadım.",
    "uk": "У документах міста я не знайшов інформації про це.",
}


def no_information(language: str) -> Answer:
    """The honest answer when nothing was found, in one of the ten languages (otherwise German)."""
    return Answer(
        NO_INFORMATION.get(language, NO_INFORMATION["de"]), (), informed=False, written_by="builtin"
    )
