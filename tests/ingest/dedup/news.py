"""Invented news for tests: texts of chosen likeness, the same every time."""

# ruff: noqa: SIM905 - words read better as a sentence
from __future__ import annotations

import random

SUBJECTS = (
    "mayor council ministry harbour railway hospital union brewery museum court airline regulator orchestra".split()
)
VERBS = "approved rejected postponed announced criticised defended abandoned reviewed financed inspected".split()
OBJECTS = (
    "budget tunnel strike merger vaccine bridge inquiry tariff festival sanction stadium reactor orchard ferry "
    "pension census satellite vineyard lawsuit glacier curriculum warehouse referendum turbine archive quarry"
).split()
PLACES = (
    "Lisbon Gdansk Turin Bergen Lyon Graz Malmo Porto Leipzig Ghent Nantes Tartu Split Cork Zaragoza Aarhus Brno "
    "Kaunas Trieste Utrecht Rouen Kassel Tampere Salzburg Bruges Varna Galway Oulu Linz Namur"
).split()
NAMES = (
    "Almeida Kowalska Ferrari Haugen Moreau Huber Lindqvist Teixeira Schubert Janssens Leroy Tamm Horvat Murphy "
    "Navarro Jensen Novak Petrauskas Rossi Visser Dupont Becker Virtanen Gruber Claes Petrova Byrne Laine Moser"
).split()
TAILS = (
    "after months of dispute", "despite warnings from neighbours", "in a narrow vote", "without naming a date",
    "to the surprise of investors", "under pressure from residents", "following a leaked report",
    "while talks with suppliers continued", "because costs had doubled", "before the summer recess",
)  # fmt: skip


def story(seed: int, sentences: int = 10) -> list[str]:
    """The sentences of one invented story; two seeds share next to nothing but grammar."""
    rng = random.Random(seed)
    cast, places = rng.sample(NAMES, 4), rng.sample(PLACES, 3)
    things = rng.sample(OBJECTS, 5)
    code = "".join(rng.choice("bcdfglmnprstv") + rng.choice("aeiou") for _ in range(3)).capitalize()
    lines = []
    for _ in range(sentences):
        lines.append(
            f"The {rng.choice(SUBJECTS)} of {rng.choice(places)} {rng.choice(VERBS)} the {code} {rng.choice(things)} "
            f"worth {rng.randrange(3, 997)} million euros {rng.choice(TAILS)}, {rng.choice(cast)} said on day "
            f"{rng.randrange(1, 31)} at the {rng.choice(things)} {rng.choice(SUBJECTS)}."
        )
    return lines


def text(seed: int, sentences: int = 10) -> str:
    """A story as one text, a paragraph every three sentences."""
    lines = story(seed, sentences)
    return "\n".join(" ".join(lines[i : i + 3]) for i in range(0, len(lines), 3))


def edited(seed: int, edit: int, sentences: int = 10) -> str:
    """A near-copy of a story: one sentence dropped, one added, some words changed."""
    rng = random.Random(f"{seed}/{edit}")
    lines = story(seed, sentences)
    lines.pop(rng.randrange(len(lines)))
    lines.append(f"Editors of desk {edit} added a closing remark about the weather near {rng.choice(PLACES)}.")
    return "\n".join(line.replace(" said ", " told reporters ") if rng.random() < 0.3 else line for line in lines)
