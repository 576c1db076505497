# ruff: noqa: E501 - the texts and markup of a page are its lines
"""Pages built for tests: an article in three languages with the furniture of a news site around it."""

from __future__ import annotations

from datetime import UTC, datetime

from ingest.types import Page

PARAGRAPHS = {
    "en": (
        "The council of Northbridge approved the new tram line on Monday after a debate that lasted seven hours.",
        "Work on the first section, between the harbour and the university, will begin in March 2026, the mayor said.",
        "Residents of the old town had collected 14,000 signatures against the route, which crosses their market square.",
        "“We listened to every objection, and we changed the plans twice,” said the head of the transport department.",
        "The line will cost 310 million euros, of which the region pays two thirds; the rest comes from a city loan.",
        "The opposition announced that it would take the decision to court before the end of the month.",
    ),
    "fr": (
        "Le conseil municipal de Pontclair a approuvé lundi la nouvelle ligne de tramway, au terme de sept heures de débat.",
        "Les travaux du premier tronçon, entre le port et l’université, commenceront en mars 2026, a annoncé la maire.",
        "Les habitants de la vieille ville avaient recueilli 14 000 signatures contre le tracé, qui traverse leur marché.",
        "« Nous avons entendu chaque objection et modifié deux fois les plans », a assuré le directeur des transports.",
        "La ligne coûtera 310 millions d’euros, dont la région paie les deux tiers ; le reste vient d’un emprunt.",
        "L’opposition a annoncé qu’elle saisirait le tribunal administratif avant la fin du mois.",
    ),
    "de": (
        "Der Stadtrat von Nordbrück hat am Montag nach siebenstündiger Debatte die neue Straßenbahnlinie beschlossen.",
        "Die Arbeiten am ersten Abschnitt zwischen Hafen und Universität beginnen im März 2026, sagte die Bürgermeisterin.",
        "Die Bewohner der Altstadt hatten 14.000 Unterschriften gegen die Strecke gesammelt, die ihren Marktplatz quert.",
        "„Wir haben jeden Einwand gehört und die Pläne zweimal geändert“, sagte der Leiter des Verkehrsamtes.",
        "Die Linie kostet 310 Millionen Euro, von denen das Land zwei Drittel zahlt; den Rest nimmt die Stadt auf.",
        "Die Opposition kündigte an, den Beschluss noch in diesem Monat vor Gericht anzufechten.",
    ),
}
HEADLINES = {
    "en": "Northbridge approves its disputed tram line",
    "fr": "Pontclair dit oui à son tramway contesté",
    "de": "Nordbrück beschließt umstrittene Straßenbahn",
}


def news_page(
    lang: str = "en", *, paragraphs: tuple[str, ...] | None = None, extra: str = "", head: str = "", title: str = ""
) -> str:
    """A news page with menu, share bar, read-more link, newsletter prompt, comment form and legal lines."""
    headline = title or HEADLINES[lang]
    body = paragraphs or PARAGRAPHS[lang]
    text = "\n".join(f"<p>{paragraph}</p>" for paragraph in body)
    return f"""<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8"><title>{headline} | The Daily Example</title>
<meta property="og:title" content="{headline}"><meta property="og:site_name" content="The Daily Example">
<link rel="canonical" href="https://news.example.org/tram">
<script type="application/ld+json">{{"@context": "https://schema.org", "@type": "NewsArticle", "headline": "{headline}",
"datePublished": "2025-11-03T08:30:00+01:00", "dateModified": "2025-11-03T10:00:00Z",
"author": {{"@type": "Person", "name": "Ada Beispiel"}}, "publisher": {{"name": "The Daily Example"}},
"image": {{"url": "/tram.jpg"}}}}</script>{head}</head><body>
<header><nav><ul><li><a href="/">Home</a></li><li><a href="/politics">Politics</a></li><li><a href="/sport">Sport</a></li>
<li><a href="/subscribe">Subscribe</a></li></ul></nav></header>
<main><article class="article"><h1>{headline}</h1><p class="byline">By Ada Beispiel</p>
<div class="share"><a href="#">Share on Facebook</a> <a href="#">Copy link</a></div>
<div class="article-body">{text}
<h2>What comes next</h2><p>The first trams are to run in the autumn of 2029, when the new bridge is finished as well.</p>
<p>Read more: How the tram divided the city</p></div>
<figure><img src="a.jpg"><figcaption>The market square. Photo: Ada Beispiel</figcaption></figure>
<div class="newsletter"><p>Sign up for our free newsletter and get the news straight to your inbox.</p></div>{extra}
</article></main><aside class="related"><h3>Most read</h3><ul>
<li><a href="/1">Five dishes for a rainy Sunday in November</a></li><li><a href="/2">Why the harbour smells of coffee</a></li></ul>
</aside><div id="comments"><h3>Comments (0)</h3><p>Your email address will not be published.</p></div>
<footer><a href="/privacy">Privacy policy</a> © 2025 The Daily Example. All rights reserved.</footer></body></html>"""


def page(
    body: str | bytes, content_type: str = "text/html", url: str | None = "https://news.example.org/tram", **hints: str
) -> Page:
    """The page as a fetch would hand it on."""
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    return Page(raw, content_type, None, url, datetime(2025, 11, 4, tzinfo=UTC), **hints)
