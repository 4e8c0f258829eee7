"""The built-in embedding: a text's character n-grams hashed into a vector, in any language, without a
network.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from zlib import crc32

from functions.chatbot.retrieval.words import folded_words, grams

MODEL = "heidi-ngram-1"
"""Stored beside each vector; a change of the method below needs a new name: old vectors are not compared."""

DIMENSIONS = 1024
GRAM_SIZES = (4,)
TITLE_WEIGHT = 3


def gram_counts(title: str, text: str) -> Counter[str]:
    """Count the n-grams of a chunk, those of its title thrice."""
    counts = Counter(grams(folded_words(text), GRAM_SIZES))
    for gram in grams(folded_words(title), GRAM_SIZES):
        counts[gram] += TITLE_WEIGHT
    return counts


def sketch_chunk(title: str, text: str) -> list[float]:
    """The unit vector of a chunk; how rare an n-gram is in the corpus is weighed on the question's
    side only.
    """
    return hashed((gram, 1 + math.log(count)) for gram, count in gram_counts(title, text).items())


def sketch_question(question_grams: Iterable[str], idf: Callable[[str], float]) -> list[float]:
    """The unit vector of a question, each n-gram weighted by how rare it is."""
    return hashed((gram, idf(gram)) for gram in question_grams)


def hashed(weights: Iterable[tuple[str, float]]) -> list[float]:
    vector = [0.0] * DIMENSIONS
    for gram, weight in weights:
        digest = crc32(gram.encode())
        vector[(digest >> 1) % DIMENSIONS] += weight if digest & 1 else -weight
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]
