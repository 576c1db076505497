# ruff: noqa: E501 - pages in one line are easier to read
"""Articles in every shape that sites give them: line breaks, tables, lists, live blogs, scripts, a few words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from ingest.extract import extract_lines, extract_page
from ingest.extract.cleaner import Part, clean_lines
from ingest.extract.wording import ends
from ingest.types import BlockKind, Document, Rejection
from tests.ingest.extract.pages import HEADLINES, PARAGRAPHS, page

MENU = "".join(
    f"<li><a href='/{word}'>{word}</a></li>"
    for word in ("Start", "Politik", "Sport", "Kultur", "Reise", "Abo", "Kontakt")
)
SIDE = (
    "<h3>Meistgelesen</h3><ul><li><a href='/1'>Warum der Hafen nach Kaffee riecht</a></li>"
    "<li><a href='/2'>Fünf Gerichte für einen Sonntag im Regen</a></li></ul><p>Newsletter abonnieren</p>"
)
FURNITURE = ("Warum der Hafen nach Kaffee riecht", "Newsletter abonnieren", "Impressum")


def framed(lang: str, body: str, head: str = "") -> str:
    """A page with menu, headline, this body, a sidebar and a footer."""
    return (
        f"<html lang='{lang}'><head><title>{HEADLINES[lang]} - Tagblatt</title>{head}</head><body><div id='nav'><ul>{MENU}</ul></div>"
        f"<div id='wrap'><h1>{HEADLINES[lang]}</h1>{body}</div><div id='side'>{SIDE}</div>"
        "<div id='foot'><a href='/i'>Impressum</a> | <a href='/d'>Datenschutz</a> | © 2025 Tagblatt</div></body></html>"
    )


SHAPES: dict[str, Callable[[tuple[str, ...]], str]] = {
    "line breaks": lambda texts: "<div class='text'>" + "<br><br>".join(texts) + "</div>",
    "line breaks in a font tag": lambda texts: "<font size=2>" + "<br>\n".join(texts) + "</font>",
    "nested divs": lambda texts: "".join(f"<div><div><span>{text}</span></div></div>" for text in texts),
    "a table that lays out the page": lambda texts: f"<table><tr><td width=150><ul>{MENU}</ul></td><td>" + "".join(f"<p>{text}</p>" for text in texts) + f"</td><td>{SIDE}</td></tr></table>",
    "a row for each paragraph": lambda texts: "<table>" + "".join(f"<tr><td>{text}</td></tr>" for text in texts) + "</table>",
    "list items": lambda texts: "<ul>" + "".join(f"<li>{text}</li>" for text in texts) + "</ul>",
    "a live blog": lambda texts: "".join(f"<div class='entry'><time>{11 + n}:{n}0 Uhr</time><h3>Eintrag Nummer {n}</h3><p>{text}</p></div>" for n, text in enumerate(texts)),
    "sections": lambda texts: "".join(f"<section><h2>Abschnitt {n}</h2><p>{text}</p></section>" for n, text in enumerate(texts)),
    "quotes": lambda texts: "".join(f"<blockquote><p>{text}</p></blockquote>" if n % 2 else f"<p>{text}</p>" for n, text in enumerate(texts)),
    "advertisements between": lambda texts: "<div class='ad'>Anzeige</div>".join(f"<p>{text}</p>" for text in texts),
    "no blocks at all": lambda texts: " ".join(texts),
    "pre": lambda texts: "<pre>" + "\n\n".join(texts) + "</pre>",
    "custom elements": lambda texts: "<news-body>" + "".join(f"<news-par>{text}</news-par><br>" for text in texts) + "</news-body>",
}  # fmt: skip


OTHER = {
    "en": ("Farmers in the valley of the Orrin fear for their harvest after the driest spring for sixty years.", "The river authority has limited the pumping of water to two nights a week until the end of August."),
    "fr": ("Les agriculteurs de la vallée de l’Orrin craignent pour leur récolte après le printemps le plus sec depuis soixante ans.", "L’agence de l’eau a limité le pompage à deux nuits par semaine jusqu’à la fin du mois d’août."),
    "de": ("Die Bauern im Orrintal fürchten nach dem trockensten Frühling seit sechzig Jahren um ihre Ernte.", "Die Wasserbehörde hat das Pumpen bis Ende August auf zwei Nächte in der Woche beschränkt."),
}  # fmt: skip
"""Another article, or what a page hides."""


def paragraphs(texts: tuple[str, ...]) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


WHOLE: dict[str, Callable[[tuple[str, ...]], str]] = {
    "an AMP page": lambda texts: "<article class='amp-wp-article'><amp-img src='a.jpg' width=1 height=1></amp-img>" + paragraphs(texts) + "<amp-ad type='x'></amp-ad><amp-social-share type='x'></amp-social-share></article>",
    "details": lambda texts: f"<article>{paragraphs(texts[:3])}<details><summary>More</summary>{paragraphs(texts[3:])}</details></article>",
    "a list of definitions": lambda texts: "<article><dl>" + "".join(f"<dt>{number}</dt><dd>{text}</dd>" for number, text in enumerate(texts)) + "</dl></article>",
    "an expander": lambda texts: f"<article>{paragraphs(texts[:2])}<div class='collapsed' style='max-height:0;overflow:hidden'>{paragraphs(texts[2:])}</div><button>Read more</button></article>",
    "hidden until a script runs": lambda texts: f"<article style='display:none'>{paragraphs(texts)}</article>",
    "under an open dialog": lambda texts: f"<div aria-hidden='true'>{paragraphs(texts)}</div><div role='dialog'><p>Cookies?</p></div>",
    "noscript": lambda texts: f"<div id='app'></div><noscript><article>{paragraphs(texts)}</article></noscript>",
    "a shadow root": lambda texts: f"<news-story><template shadowrootmode='open'><style>p {{}}</style><article>{paragraphs(texts)}</article></template></news-story>",
    "a slot of a shadow root": lambda texts: f"<news-story><template shadowrootmode='open'><style>p {{}}</style><slot></slot></template>{paragraphs(texts)}</news-story>",
    "line breaks after bold words": lambda texts: "<div><span>" + "<br/><br/>".join(f"<b>{text[:10]}</b>{text[10:]}" for text in texts) + "</span></div>",
    "a table with numbered rows": lambda texts: "<table>" + "".join(f"<tr><td>{number}.</td><td>{text}</td></tr>" for number, text in enumerate(texts)) + "</table>",
    "a drop cap": lambda texts: f"<article><p><span class='dropcap'>{texts[0][0]}</span>{texts[0][1:]}</p>{paragraphs(texts[1:])}</article>",
    "a form around the page": lambda texts: f"<form id='aspnetForm'><input type='hidden' name='__VIEWSTATE' value='x'>{paragraphs(texts)}<input type='submit'></form>",
    "twice, for two screens": lambda texts: f"<div class='desktop'>{paragraphs(texts)}</div><div class='mobile'>{paragraphs(texts)}</div>",
    "marks of direction": lambda texts: "<article>" + "".join(f"<p>\u200f\u202b{text}\u202c\u200e</p>" for text in texts) + "</article>",
    "a live blog of articles": lambda texts: f"<article><h1>Live</h1>{paragraphs(texts[:2])}</article>" + "".join(f"<article><h2><a href='#e{number}'>Entry</a></h2><p>{text}</p></article>" for number, text in enumerate(texts[2:])),
}  # fmt: skip
"""Each has the whole text, once."""

HIDING: dict[str, Callable[[str], str]] = {
    "hidden": lambda text: f"<div hidden><p>{text}</p></div>",
    "aria": lambda text: f"<div aria-hidden='true'><p>{text}</p></div>",
    "template": lambda text: f"<template><p>{text}</p></template>",
    "noscript": lambda text: f"<noscript><p>{text}</p></noscript>",
    "textarea": lambda text: f"<textarea>&lt;iframe&gt; {text}</textarea>",
}


def read(html: str) -> Document:
    ended = extract_page(page(html))
    assert isinstance(ended, Document), ended
    return ended


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
@pytest.mark.parametrize("shape", SHAPES)
def test_the_article_is_found_in_every_shape(shape: str, lang: str) -> None:
    document = read(framed(lang, SHAPES[shape](PARAGRAPHS[lang])))
    assert [text for text in PARAGRAPHS[lang] if text not in document.text] == []
    assert [words for words in FURNITURE if words in document.text] == []


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
@pytest.mark.parametrize("shape", WHOLE)
def test_the_article_is_there_once_in_shapes_that_few_sites_have(shape: str, lang: str) -> None:
    text = read(framed(lang, WHOLE[shape](PARAGRAPHS[lang]))).text
    assert [text.count(one) for one in PARAGRAPHS[lang]] == [1] * len(PARAGRAPHS[lang])
    assert not set("\u200f\u202b\u202c\u200e") & set(text)
    assert [words for words in (*FURNITURE, "Read more", "Cookies?") if words in text] == []


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
@pytest.mark.parametrize("how", HIDING)
def test_what_a_page_does_not_show_is_no_text(how: str, lang: str) -> None:
    texts, secret = PARAGRAPHS[lang], OTHER[lang][0]
    body = f"<article>{paragraphs(texts[:3])}{HIDING[how](secret)}{paragraphs(texts[3:])}</article>"
    document = read(framed(lang, body))
    assert document.text == "\n".join(texts)
    assert all(block.rule == "hidden" for block in document.blocks if block.text == secret)


@pytest.mark.parametrize(
    ("lang", "heading"),
    [("en", "About the author"), ("fr", "Source de l’article"), ("de", "Über den Autor"), ("de", "Über die Autorin")],
)
def test_a_box_under_a_heading_of_furniture_is_no_text(lang: str, heading: str) -> None:
    box = f"<div class='x'><div>{heading}</div><div>{paragraphs(OTHER[lang])}</div></div>"
    document = read(framed(lang, f"<article>{paragraphs(PARAGRAPHS[lang])}{box}</article>"))
    assert document.text == "\n".join(PARAGRAPHS[lang])
    whole = f"<article><h2>{heading}</h2>{paragraphs(PARAGRAPHS[lang])}</article>"  # it heads all there is
    assert read(framed(lang, whole)).text == "\n".join(PARAGRAPHS[lang])


def test_a_box_of_links_under_read_also_is_no_text() -> None:
    links = "".join(f"<p><a href='/{n}'>{text}</a></p>" for n, text in enumerate(OTHER["de"]))
    box = f"<div class='x'><div>Lesen Sie auch</div><div>{links}</div></div>"
    assert read(framed("de", f"<article>{paragraphs(PARAGRAPHS['de'])}{box}</article>")).text == "\n".join(
        PARAGRAPHS["de"]
    )


SECTIONS = {
    "en": ("Comments", "Discussion", "More information", "See also", "The latest", "Learn more about the method"),
    "fr": ("À voir", "Commentaire", "Réactions", "Pour aller plus loin", "À découvrir"),
    "de": ("Kommentar", "Diskussion", "Antworten", "Weitere Informationen", "Zum Thema", "Mehr erfahren"),
}


@pytest.mark.parametrize(("lang", "heading"), [(lang, heading) for lang in SECTIONS for heading in SECTIONS[lang]])
def test_a_section_of_running_text_is_kept_whatever_heads_it(lang: str, heading: str) -> None:
    texts = PARAGRAPHS[lang]
    section = f"<section><h2>{heading}</h2>{paragraphs(texts[2:4])}</section>"
    document = read(framed(lang, f"<article>{paragraphs(texts[:2])}{section}{paragraphs(texts[4:])}</article>"))
    assert [text for text in texts if text not in document.text] == []


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
@pytest.mark.parametrize(
    "box", ["<div class='cookie-consent' hidden>", "<dialog aria-hidden=true>", "<nav style='display:none'>"]
)
def test_a_short_article_is_not_lost_to_what_its_page_hides(box: str, lang: str) -> None:
    hidden = f"{box}{paragraphs(OTHER[lang] * 4)}</{box[1:].split()[0]}>"
    document = read(framed(lang, f"<article>{paragraphs(PARAGRAPHS[lang][:3])}</article>{hidden}"))
    assert document.text == "\n".join(PARAGRAPHS[lang][:3])


@pytest.mark.parametrize("hiding", ["hidden", "style='display:none'"])
def test_what_is_sold_is_not_brought_to_light(hiding: str) -> None:
    head = '<script type="APPLICATION/LD+JSON">{"@type": "NewsArticle", "isAccessibleForFree": false}</script>'
    body = f"{paragraphs(PARAGRAPHS['de'][:1])}<p>Weiterlesen mit dem Abo.</p><div {hiding}>{paragraphs(PARAGRAPHS['de'][1:])}</div>"
    ended = extract_page(page(framed("de", body, head)))
    assert isinstance(ended, Rejection) or PARAGRAPHS["de"][2] not in ended.text


def parts_of_a_story(texts: tuple[str, ...], heading: str) -> str:
    """Two <article>s, each with a headline of this sort."""
    first, second = (heading.format(n) for n in (1, 2))
    return f"<article>{first}{paragraphs(texts[:3])}</article><article>{second}{paragraphs(texts[3:])}</article>"


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
@pytest.mark.parametrize(
    "heading",
    [
        "<h1>Teil {}</h1>",
        "<h1>10:4{} Uhr</h1>",
        "<h2><a href='/tram/entry/{}'>Eintrag</a></h2>",
        "<h2><a href='/x/{}'>Punkt</a></h2>",
    ],
)
def test_the_parts_of_one_story_are_one_article(heading: str, lang: str) -> None:
    document = read(framed(lang, parts_of_a_story(PARAGRAPHS[lang], heading)))
    assert [text for text in PARAGRAPHS[lang][1:-1] if text not in document.text] == []


def test_a_notice_above_the_article_does_not_take_its_place() -> None:
    notice = f"<article><h1>Live: storm over the coast</h1>{paragraphs(OTHER['en'])}</article>"
    body = f"{notice}<main><article><h1>{HEADLINES['en']}</h1>{paragraphs(PARAGRAPHS['en'])}</article></main>"
    document = read(framed("en", body))
    assert [text for text in PARAGRAPHS["en"] if text not in document.text] == []


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
@pytest.mark.parametrize(
    "panel", ["<div hidden='until-found'>", "<button aria-expanded='false'>+</button><div aria-hidden='true'>"]
)
def test_what_a_click_unfolds_is_text(panel: str, lang: str) -> None:
    texts = PARAGRAPHS[lang]
    body = f"<article>{paragraphs(texts[:2])}<div><h2>?</h2>{panel}{paragraphs(texts[2:4])}</div></div>{paragraphs(texts[4:])}</article>"
    document = read(framed(lang, body))
    assert [text for text in texts if text not in document.text] == []


@pytest.mark.parametrize(
    "around", ["<style-guide>{}</style-guide>", "<template-part>{}</template-part>", "<svg class=i/>{}<svg></svg>"]
)
def test_elements_that_only_look_like_no_text_are_read(around: str) -> None:
    document = read(framed("fr", f"<article>{around.format(paragraphs(PARAGRAPHS['fr']))}</article>"))
    assert document.text == "\n".join(PARAGRAPHS["fr"])


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        (
            "en",
            "The union's members must agree to the terms before the strike ends, its leader told a crowd on Monday.",
        ),
        ("en", "Reviewed by three independent panels, the bridge was declared safe after a year of measurements."),
        ("de", "Mit der Registrierung beim Amt beginnt für viele Geflüchtete ein langes Warten auf eine Antwort."),
        ("de", "Mit einem Klick auf den falschen Link verlor die Rentnerin am Dienstag ihre ganzen Ersparnisse."),
        ("fr", "Le lien de désinscription doit figurer dans chaque message, a rappelé mardi la commission compétente."),
    ],
)
def test_a_sentence_with_the_words_of_a_prompt_is_text(lang: str, sentence: str) -> None:
    texts = (*PARAGRAPHS[lang][:3], sentence, *PARAGRAPHS[lang][3:])
    assert sentence in read(framed(lang, f"<article>{paragraphs(texts)}</article>")).text


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
@pytest.mark.parametrize("heading", ["<h1>{}</h1>", "<h2><a href='/orrin'>{}</a></h2>"])
def test_the_article_that_follows_on_a_page_without_end_is_another(heading: str, lang: str) -> None:
    own = f"<article><h1>{HEADLINES[lang]}</h1>{paragraphs(PARAGRAPHS[lang])}</article>"
    following = f"<article>{heading.format('The valley of the Orrin is dry')}{paragraphs(OTHER[lang])}</article>"
    assert read(framed(lang, own + following)).text == "\n".join(PARAGRAPHS[lang])


def test_a_live_blog_that_a_script_fills_gives_the_entries_of_its_json_ld() -> None:
    entries = [{"@type": "BlogPosting", "articleBody": text} for text in PARAGRAPHS["en"]]
    told = {"@type": "LiveBlogPosting", "headline": HEADLINES["en"], "liveBlogUpdate": entries}
    head = f'<script type="application/ld+json">{json.dumps(told)}</script>'
    assert read(framed("en", "<div id='app'>Loading…</div>", head)).text == "\n".join(PARAGRAPHS["en"])


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
def test_a_few_words_are_an_article_where_they_are_the_page(lang: str) -> None:
    document = read(framed(lang, "".join(f"<p>{text}</p>" for text in PARAGRAPHS[lang][:2])))
    assert document.text == "\n".join(PARAGRAPHS[lang][:2])


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
def test_a_page_that_a_script_fills_gives_what_its_json_ld_says(lang: str) -> None:
    told = {"@type": "NewsArticle", "headline": HEADLINES[lang], "articleBody": "\n\n".join(PARAGRAPHS[lang])}
    head = f'<script type="application/ld+json">{json.dumps(told)}</script>'
    document = read(framed(lang, "<div id='app'>Loading…</div>", head))
    assert [text for text in PARAGRAPHS[lang] if text not in document.text] == []
    assert document.method == "json-ld/1"


def test_what_is_sold_is_not_taken_from_its_json_ld() -> None:
    told = {"@type": "NewsArticle", "articleBody": "\n\n".join(PARAGRAPHS["fr"]), "isAccessibleForFree": False}
    head = f'<script type="application/ld+json">{json.dumps(told)}</script>'
    assert isinstance(extract_page(page(framed("fr", "<p>Cet article est réservé aux abonnés.</p>", head))), Rejection)


def test_a_table_is_kept_row_by_row() -> None:
    rows = (("Stadt", "Linien", "Kosten"), ("Nordbrück", "3", "310 Mio."), ("Südbrück", "5", "470 Mio."))
    table = (
        "<table>" + "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows) + "</table>"
    )
    texts = [f"<p>{text}</p>" for text in PARAGRAPHS["de"]]
    document = read(framed("de", "<article>" + "".join([*texts[:3], table, *texts[3:]]) + "</article>"))
    blocks = {block.text: block for block in document.blocks}
    for row in rows:
        assert blocks[" | ".join(row)].kind is BlockKind.TABLE
        assert blocks[" | ".join(row)].kept


def test_captions_embeds_and_bylines_are_blocks_but_no_text() -> None:
    texts = [f"<p>{text}</p>" for text in PARAGRAPHS["fr"]]
    figure = "<figure><img src='a.jpg'><figcaption>La place du marché, mardi. Photo : Ada Exemple</figcaption></figure>"
    embed = "<blockquote class='twitter-tweet'><p>Le tramway passera.</p>— Mairie (@mairie) <a href='https://x.example/1'>3 novembre 2025</a></blockquote>"
    body = (
        "<article><p class='byline'>Par Ada Exemple</p>"
        + "".join([*texts[:2], figure, *texts[2:4], embed, *texts[4:]])
        + "</article>"
    )
    document = read(framed("fr", body))
    assert "La place du marché" not in document.text
    assert "Par Ada Exemple" not in document.text
    kinds = {block.text: block.kind for block in document.blocks}
    assert kinds["La place du marché, mardi. Photo : Ada Exemple"] is BlockKind.CAPTION
    assert kinds["Par Ada Exemple"] is BlockKind.METADATA
    assert document.metadata.author == "Ada Exemple"


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
def test_a_page_without_a_body_tag_is_read(lang: str) -> None:
    body = "".join(f"<p>{text}</p>" for text in PARAGRAPHS[lang])
    found = extract_page(page(f"<!doctype html><title>x</title><script>1</script><article>{body}</article>"))
    assert isinstance(found, Document)
    assert found.text == "\n".join(PARAGRAPHS[lang])


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
@pytest.mark.parametrize("times", [1, 4])
def test_a_text_that_lost_its_line_ends_is_found_among_the_furniture(lang: str, times: int) -> None:
    article = " ".join(PARAGRAPHS[lang] * times)
    found = extract_lines(["Start", "Politik", "Sport", HEADLINES[lang], article, "© 2025", "Impressum", "Kontakt"])
    assert isinstance(found, Document)
    assert found.text == article


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u202f"])
def test_a_sentence_that_ends_in_a_french_quotation_ends(blank: str) -> None:
    assert ends(f"Il le dit : «{blank}Nous avons entendu chaque objection.{blank}»")
    assert not ends(f"Il parle de «{blank}rendez-vous manqué{blank}»")


LISTS = {
    "en": ("The city will buy at once:", ("forty low-floor trams", "two workshops", "masts and wires")),
    "fr": ("La ville achètera sans attendre :", ("quarante rames basses", "deux ateliers", "des mâts et des câbles")),
    "de": ("Die Stadt kauft ab sofort:", ("vierzig Niederflurbahnen", "zwei Werkstätten", "Masten und Drähte")),
}


@pytest.mark.parametrize("lang", sorted(LISTS))
def test_a_list_that_a_line_of_the_text_announces_is_kept(lang: str) -> None:
    announcement, items = LISTS[lang]
    lines = [*PARAGRAPHS[lang][:3], announcement, *items, *PARAGRAPHS[lang][3:]]
    scores = [0.2 if line in items else 0.9 for line in lines]
    parts = [Part(line, number) for number, line in enumerate(lines)]
    blocks = clean_lines(parts, title="x", score=lambda *_: scores).blocks
    assert [block.text for block in blocks if block.kept] == lines
    assert [block.kind for block in blocks if block.text in items] == [BlockKind.LIST_ITEM] * len(items)
    without = [part for part in parts if part.text != announcement]
    without.append(Part("Advertisement", len(lines)))  # else the whole is a text without furniture
    scores.remove(0.9)
    scores.append(0.1)
    kept = [block.text for block in clean_lines(without, title="x", score=lambda *_: scores).blocks if block.kept]
    assert kept == list(PARAGRAPHS[lang])


@pytest.mark.parametrize("lang", sorted(LISTS))
def test_a_text_without_furniture_is_kept_whole(lang: str) -> None:
    _, items = LISTS[lang]
    lines = [*PARAGRAPHS[lang][:3], *items, *PARAGRAPHS[lang][3:]]
    scores = [0.2 if line in items else 0.9 for line in lines]
    parts = [Part(line, number) for number, line in enumerate(lines)]
    blocks = clean_lines(parts, title="x", score=lambda *_: scores).blocks
    assert [block.text for block in blocks if block.kept] == lines
    assert {block.evidence for block in blocks if block.text in items} == {"no furniture, score 0.20"}
    furniture = ["Eva Lind", "12 °C", "Aufnahme: Tom Hahn"]  # which no rule knows
    more = [*parts, *(Part(line, len(lines) + number) for number, line in enumerate(furniture))]
    blocks = clean_lines(more, title="x", score=lambda *_: [*scores, 0.2, 0.2, 0.2]).blocks
    assert [block.text for block in blocks if block.kept] == lines
    prompted = [*parts, Part("Advertisement", len(lines))]
    blocks = clean_lines(prompted, title="x", score=lambda *_: [*scores, 0.1]).blocks
    assert [block.text for block in blocks if block.kept] == list(PARAGRAPHS[lang])
    voted = [replace(part, vote=score) for part, score in zip(parts, scores, strict=True)]
    assert [block.text for block in clean_lines(voted, title="x").blocks if block.kept] == list(PARAGRAPHS[lang])


def test_a_text_that_is_mostly_doubtful_is_not_kept_for_its_lack_of_furniture() -> None:
    parts = [Part(line, number) for number, line in enumerate(PARAGRAPHS["en"])]
    blocks = clean_lines(parts, title="x", score=lambda *_: [0.9, *(0.3,) * (len(parts) - 1)]).blocks
    assert [block.kept for block in blocks] == [True, *(False,) * (len(parts) - 1)]


def test_a_menu_under_a_label_with_a_colon_is_no_list_of_the_article() -> None:
    lines = [*PARAGRAPHS["en"], "Read also:", "The harbour in winter", "Five dishes for a Sunday"]
    scores = [0.9 if line in PARAGRAPHS["en"] else 0.1 for line in lines]
    parts = [Part(line, number) for number, line in enumerate(lines)]
    kept = [block.text for block in clean_lines(parts, title="x", score=lambda *_: scores).blocks if block.kept]
    assert kept == list(PARAGRAPHS["en"])
