"""Texts that are unlike each other, in three languages, for benchmarks that need articles and not their quality."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

PLACES = ("Lyon", "Bremen", "Leeds", "Graz", "Nantes", "Basel", "Cork", "Liège", "Kiel", "Metz")
TOPICS = ("bridge", "school", "harbour", "hospital", "library", "railway", "market", "theatre", "stadium", "museum")
ENGLISH = (
    "The council of {place} said on Tuesday that the {topic} would be closed for {n} days.",
    "Residents had asked for an answer since the storm of last winter, when {n} houses were damaged.",
    "The work will cost {n} thousand euros and is paid for by the region, the mayor told reporters.",
    "A spokesman for the builders said that {n} people would work at the {topic} at night.",
    "Opponents announced a march through the old town and collected {n} signatures in a week.",
)
FRENCH = (
    "Le conseil municipal de {place} a annoncé mardi la fermeture du pont pendant {n} jours.",
    "Les travaux coûteront {n} mille euros et seront payés par la région, a déclaré le maire.",
    "Les habitants attendaient une réponse depuis la tempête, qui avait touché {n} maisons.",
)
GERMAN = (
    "Der Stadtrat von {place} teilte am Dienstag mit, dass die Brücke {n} Tage gesperrt wird.",
    "Die Arbeiten kosten {n} Tausend Euro und werden vom Land bezahlt, sagte der Bürgermeister.",
    "Die Anwohner hatten seit dem Sturm, der {n} Häuser beschädigte, auf eine Antwort gewartet.",
)
LANGUAGES = (8, 1, 1)
"""Weights of English, French and German."""


def article(number: int, chance: Random, sentences: Sequence[str] = ()) -> str:
    """A text unlike the others: place, subject and figures differ; English, French or German where it is not said."""
    sentences = sentences or chance.choices((ENGLISH, FRENCH, GERMAN), LANGUAGES)[0]
    place, topic = chance.choice(PLACES), chance.choice(TOPICS)
    chosen = [chance.choice(sentences) for _ in range(6)]
    body = "\n".join(text.format(place=place, topic=topic, n=chance.randint(2, 900)) for text in chosen)
    return f"{place}: report {number} about the {topic}\n\n{body}\n"
