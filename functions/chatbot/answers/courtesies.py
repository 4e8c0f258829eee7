"""What people say to be polite, in ten languages: who says nothing else asks nothing."""

from collections.abc import Iterable
from functools import lru_cache

from functions.chatbot.retrieval.words import folded_words

COURTESIES = """
hallo hi hey na moin servus grüezi grüß grüße gott guten gute tag morgen mittag abend nacht danke dankeschön vielen herzlichen
lieben dank das hat mir sehr gut geholfen bitte gern gerne tschüss tschüß auf wiedersehen bis bald ok okay alles klar super prima
ja nein
hello good morning afternoon evening night thank thanks you very much so a lot that helped me please bye goodbye great yes no
hej hejsa goddag god dag morgon kväll aften tak mange tusind selv farvel hei takk tusen hadet bra tack så mycket adjö hejdå snälla
merhaba selam günaydın iyi günler akşamlar geceler teşekkür teşekkürler ederim sağol çok lütfen güle hoşça kal tamam evet hayır
привет здравствуйте здравствуй добрый доброе день утро вечер спасибо большое благодарю пожалуйста до свидания пока хорошо да нет
привіт вітаю доброго добрий ранку дня вечора дякую дуже щиро будь ласка побачення добре так ні
مرحبا أهلا السلام عليكم صباح مساء الخير شكرا جزيلا لك من فضلك مع السلامة نعم لا
سلام درود صبح عصر شب بخیر ممنون متشکرم مرسی خیلی لطفا خداحافظ بله نه
"""


@lru_cache(1)
def courtesies() -> frozenset[str]:
    """As words are compared."""
    return frozenset(folded_words(COURTESIES))


def only_polite(words: Iterable[str]) -> bool:
    """Whether folded words hold nothing to look for."""
    return courtesies().issuperset(words)
