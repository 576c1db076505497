# ruff: noqa: E501 - a wall a line
"""Walls as sites put them up are never taken for articles, and articles about walls are."""

from __future__ import annotations

import pytest

from ingest.extract import extract_lines, extract_page
from ingest.extract.walls import find_wall
from ingest.types import Block, BlockKind, Document, Rejection
from tests.ingest.extract.pages import HEADLINES, PARAGRAPHS, news_page, page

MENU = "<nav><ul>" + "".join(f"<li><a href='/{n}'>Rubrik {n}</a></li>" for n in range(12)) + "</ul></nav>"
FOOT = "<footer><a href='/i'>Impressum</a> <a href='/d'>Datenschutz</a> <a href='/c'>Kontakt</a></footer>"


def site(title: str, *paragraphs: str, head: str = "", extra: str = "") -> str:
    """A page of a site with only this in its middle."""
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f"<html><head><title>{title}</title>{head}</head><body>{MENU}<main><h1>{title}</h1>{text}{extra}</main>{FOOT}</body></html>"


def stub(lang: str, *prompts: str, flag: bool = False, count: int = 2) -> str:
    """The first paragraphs of an article and what stands where the others would."""
    head = (
        '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": "False"}</script>'
        if flag
        else ""
    )
    return site(HEADLINES[lang], *PARAGRAPHS[lang][:count], *prompts, head=head)


def links(title: str, headlines: tuple[str, ...]) -> str:
    rows = "".join(f"<li><a href='/a{n}'>{headline} ({n})</a></li>" for n in range(4) for headline in headlines)
    return site(title, extra=f"<ul>{rows}</ul>")


FORM = "<form><input type='text' name='user'><input type='password' name='word'><button>OK</button></form>"
VIDEO = '<meta property="og:type" content="video.other">'

WALLS = {
    "consent de pur": ("consent-wall", site("Zustimmung", "Besuchen Sie uns wie gewohnt mit Werbung und Tracking. Ihre Zustimmung können Sie jederzeit widerrufen.", "Mit dem Pur-Abo nutzen Sie unser Angebot werbefrei für 4,99 Euro im Monat.", "Wir und unsere 212 Partner verarbeiten Ihre Daten mit Cookies und ähnlichen Techniken, um personalisierte Anzeigen zu zeigen.", "Zustimmen und weiter")),
    "consent de settings": ("consent-wall", site("Datenschutzeinstellungen", "Um unser Angebot zu finanzieren, brauchen wir Ihre Einwilligung in Cookies und Tracking auf diesem Gerät.", "Personalisierte Werbung und Inhalte, Messung von Werbeleistung, Zielgruppenforschung und Entwicklung von Angeboten.")),
    "consent fr": ("consent-wall", site("Votre vie privée", "Avec votre accord, nos partenaires et nous utilisons des cookies pour stocker et/ou accéder à des informations sur votre appareil.", "Vos données personnelles servent à afficher des publicités personnalisées et à mesurer notre audience.", "Continuer sans accepter", "Accepter et continuer")),
    "consent fr paid": ("consent-wall", site("Soutenez la rédaction", "Vous pouvez accepter et lire gratuitement, nos partenaires affichent alors des publicités personnalisées.", "Ou vous abonner : s'abonner pour refuser les cookies coûte 2 euros par mois.", "Vos données personnelles sont protégées.")),
    "consent en": ("consent-wall", site("We value your privacy", "We and our 845 partners store and/or access information on a device, such as cookies and process personal data.", "With your consent, personalised advertising and content may be shown to you. You can manage options or reject all.", "Some partners rely on legitimate interest.")),
    "consent en short": ("consent-wall", site("Before you continue", "We use cookies and similar technologies to deliver personalized ads. Accept all cookies or manage preferences.", "Reject all")),
    "paywall fr counter": ("paywall", stub("fr", "Il vous reste 78 % de cet article à lire. La suite est réservée aux abonnés.")),
    "paywall fr flag": ("paywall", stub("fr", "Cet article est réservé aux abonnés.", "Déjà abonné ? Se connecter", flag=True)),
    "paywall fr offer": ("paywall", stub("fr", "Pour lire la suite, abonnez-vous à partir de 1 € le premier mois.", "Sans engagement", count=1)),
    "paywall de plus": ("paywall", stub("de", "Dieser Artikel ist exklusiv für Abonnenten.", "Jetzt weiterlesen mit dem Digital-Abo, jederzeit kündbar", flag=True)),
    "paywall de further": ("paywall", stub("de", "Sie möchten weiterlesen?", "Testen Sie unser Digital-Abo einen Monat lang kostenlos.", count=1)),
    "paywall de unlock": ("paywall", stub("de", "Diesen Artikel freischalten: Jetzt kostenlos testen", "Bereits Abonnent? Hier anmelden")),
    "paywall en": ("paywall", stub("en", "To read the full story, subscribe or sign in.", "Already a subscriber? Log in", flag=True)),
    "paywall en continue": ("paywall", stub("en", "Subscribe to continue reading", "Get unlimited digital access for 1 dollar a week. Cancel anytime.")),
    "paywall en free articles": ("paywall", stub("en", "You've reached your limit of free articles.", "Subscribe now for unlimited access", count=1)),
    "log-in en": ("log-in", site("Sign in", "Welcome back. Sign in with your e-mail address to read on and to manage your settings.", extra=FORM)),
    "log-in fr": ("log-in", site("Connexion", "Connectez-vous pour retrouver vos articles et vos lettres d'information.", extra=FORM)),
    "log-in de": ("log-in", site("Anmelden", "Bitte melden Sie sich mit Ihrer E-Mail-Adresse und Ihrem Passwort an.", extra=FORM)),
    "error en": ("error-page", site("Page not found", "Sorry, the page you were looking for could not be found. It may have been moved or deleted.", "Try the search or go back to the home page.")),
    "error en 500": ("error-page", site("Error 500", "Something went wrong on our side. Our engineers have been told and are looking into it.")),
    "error fr": ("error-page", site("Erreur 404", "Oups ! La page que vous cherchez n'existe plus ou a été déplacée.", "Revenez à l'accueil ou utilisez la recherche.")),
    "error de": ("error-page", site("Seite nicht gefunden", "Die angeforderte Seite existiert nicht mehr oder wurde verschoben. Bitte prüfen Sie die Adresse.")),
    "error de 410": ("error-page", site("Inhalt nicht mehr verfügbar", "Dieser Beitrag ist aus rechtlichen Gründen leider nicht mehr verfügbar.")),
    "robot check": ("error-page", site("Just a moment...", "Checking your browser before accessing the site. Please enable JavaScript and cookies to continue.")),
    "robot check captcha": ("error-page", site("Are you a robot?", "To continue, please click the box below to let us know you're not a robot.", "Why did this happen? Please make sure your browser supports JavaScript and cookies.")),
    "access denied": ("error-page", site("Access Denied", "You don't have permission to access this page on this server.", "Reference 18.2f3e4d17.1700000000.1a2b3c")),
    "geo block fr": ("error-page", site("Contenu indisponible", "Ce contenu n'est pas disponible dans votre pays pour des raisons de droits.")),
    "links de": ("link-list", links("Politik", ("Regierung einigt sich auf Haushalt", "Opposition fordert Neuwahl im Herbst", "Landrat tritt nach Streit zurück", "Was die Wahl für Europa bedeutet"))),
    "links fr": ("link-list", links("Toute l'actualité", ("Le gouvernement présente son budget", "Grève annoncée dans les transports", "Un maire démissionne après la crue", "Ce que change la nouvelle loi"))),
    "links en": ("link-list", links("Business", ("Bank raises rates for the third time", "Carmaker to close its oldest plant", "Harbour workers vote to strike", "What the new tax means for you"))),
    "video en": ("video", site("Watch: the tram crosses the old market", "Our reporter rode the first tram across the market square with the people who had fought it.", head=VIDEO)),
    "video de": ("video", site("Video: So fährt die neue Straßenbahn", "Unser Reporter ist mit der ersten Bahn über den Marktplatz gefahren.", head=VIDEO)),
    "video fr": ("video", site("Vidéo : le tramway traverse le marché", "Notre reporter a pris place à bord de la première rame avec ceux qui l'avaient combattue.", head=VIDEO)),
}  # fmt: skip


@pytest.mark.parametrize("name", WALLS)
def test_a_wall_is_no_article(name: str) -> None:
    reason, html = WALLS[name]
    ended = extract_page(page(html))
    assert isinstance(ended, Rejection), ended
    assert ended.reason in (reason, "no-text"), ended
    assert ended.detail.endswith(".")


@pytest.mark.parametrize("name", sorted(WALLS)[::4])
def test_behind_each_wall_the_feeds_summary_stands_in(name: str) -> None:
    summary = "The council approved the new tram line on Monday after a debate of seven hours; work begins in spring."
    ended = extract_page(page(WALLS[name][1], summary=summary, title="Tram"))
    assert isinstance(ended, Document)
    assert (ended.text, ended.method) == (summary, "feed-summary/1")


ABOUT = {
    "cookies": ("Court bans cookie walls", "The court ruled that a consent wall leaves readers no choice, and that personalised advertising needs more than a click.", "Publishers had argued that cookies and similar technologies pay for their journalists, and that partners need the data.", "Readers may reject all cookies under the ruling, and sites must not lock them out, the judges said on Tuesday.", "The publishers' association said it would appeal against the ruling before the end of the year.", "Similar cases are pending in four other countries, among them France and Austria.", "A ruling of the highest court is expected in the spring of next year, lawyers said."),
    "paywalls": ("Zeitungen hoffen auf das Digital-Abo", "Die Verlage haben im vergangenen Jahr so viele Digital-Abos verkauft wie nie zuvor, teilte der Verband am Montag mit.", "Wer weiterlesen will, muss inzwischen bei zwei von drei regionalen Zeitungen bezahlen.", "Vor fünf Jahren war es noch nicht einmal jede dritte, damals galt die Bezahlschranke als gewagt.", "Der Verband rechnet damit, dass in diesem Jahr erstmals mehr Geld mit Lesern als mit Anzeigen verdient wird.", "Kritiker warnen, dass ein Teil der Bevölkerung von verlässlichen Nachrichten abgeschnitten werde."),
    "errors": ("Error 404: the art of the missing page", "A museum in Rotterdam shows what the web forgets: three hundred pages that were not found, printed on cloth.", "Visitors walk between them as if through laundry, the curator said at the opening on Friday.", "The oldest page dates from 1994 and belonged to a florist who had never seen a computer.", "The exhibition runs until the end of March, and admission is free on Wednesdays.", "A second part in the summer will be about pages that should never have been found."),
    "log-in": ("Millions de mots de passe volés", "Des pirates ont publié les mots de passe de deux millions de clients d'un opérateur, a annoncé la police mardi.", "Les clients sont invités à se connecter à leur compte et à changer leur mot de passe sans attendre.", "Selon les enquêteurs, l'intrusion remonte au mois de juin et n'a été remarquée que trois mois plus tard.", "L'opérateur affirme qu'aucune donnée bancaire n'a été dérobée et que ses systèmes sont de nouveau sûrs.", "Une plainte a été déposée, et le parquet de Paris a ouvert une enquête."),
}  # fmt: skip


@pytest.mark.parametrize("name", ABOUT)
def test_an_article_about_walls_is_an_article(name: str) -> None:
    title, *paragraphs = ABOUT[name]
    ended = extract_page(page(site(title, *paragraphs)))
    assert isinstance(ended, Document), ended
    assert sum(paragraph in ended.text for paragraph in paragraphs) >= len(paragraphs) - 1


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
def test_a_short_piece_of_news_is_an_article(lang: str) -> None:
    ended = extract_page(page(news_page(lang, paragraphs=PARAGRAPHS[lang][:2])))
    assert isinstance(ended, Document), ended


@pytest.mark.parametrize("lang", sorted(PARAGRAPHS))
def test_an_article_that_is_shown_in_full_though_it_is_sold_is_an_article(lang: str) -> None:
    paid = '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": false}</script>'
    ended = extract_page(page(news_page(lang, head=paid)))
    assert isinstance(ended, Document), ended


TEXTS = {
    "advertisement blocker": ("error-page", ("Adblocker erkannt", "Bitte deaktivieren Sie Ihren Adblocker, um unsere Inhalte weiterhin kostenlos lesen zu können. Guter Journalismus kostet Geld.")),
    "maintenance": ("error-page", ("Site en maintenance", "Notre site est actuellement en cours de maintenance. Nous mettons tout en œuvre pour le rétablir dans les plus brefs délais.")),
    "gone": ("error-page", ("Fehler 410", "Der Artikel, den Sie aufrufen wollten, steht aus rechtlichen Gründen nicht mehr zur Verfügung. Wir bitten um Verständnis.")),
    "consent": ("consent-wall", ("Bienvenue sur notre site", "Nous et nos partenaires utilisons des traceurs pour mesurer l'audience et vous proposer des contenus adaptés à vos centres d'intérêt.", "Vous pouvez changer d'avis à tout moment en cliquant sur « Gestion des cookies » en bas de page.", "Tout accepter")),
    "offer": ("paywall", ("Want to read on? Try our digital subscription for one month free of charge and read every article on our site and in our app.", "After that it costs $9.99 a month and can be cancelled at any time from your account page.", "If you already have a subscription, please sign in with your email address to read the whole article.")),
    "titles": ("link-list", ("Minister resigns over harbour deal", "Storm: what we know so far", "Ten best fish restaurants in town", "Council argues about new swimming pool", "Why we love winter hikes", "Local team wins the cup")),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_wall_in_plain_text_is_no_article(name: str) -> None:
    reason, lines = TEXTS[name]
    ended = extract_lines(lines)
    assert isinstance(ended, Rejection), ended
    assert ended.reason in (reason, "no-text"), ended


ITEMS = {
    "hiker": ("Vermisster Wanderer nicht gefunden", "Garmisch (dpa) - Ein seit Sonntag vermisster Wanderer ist auch am dritten Tag der Suche nicht gefunden worden, teilte die Bergwacht mit."),
    "suspect": ("Un randonneur disparu dans les Alpes", "GRENOBLE (AFP) - Un randonneur de 45 ans parti lundi du massif de Belledonne reste introuvable, a annoncé mardi la gendarmerie."),
    "number": ("500 jobs lost at carmaker", "The carmaker said on Tuesday that it would cut 500 jobs at its plant in Leeds because of falling demand for vans."),
    "fault": ("Fehler im Stellwerk legt Bahn lahm", "Ein Fehler im Stellwerk Hamm hat am Montag den Bahnverkehr im Ruhrgebiet lahmgelegt, Züge fielen aus, sagte ein Sprecher der Bahn."),
    "works": ("Bahnstrecke wegen Wartungsarbeiten gesperrt", "Die Strecke zwischen Köln und Bonn ist am Wochenende wegen Wartungsarbeiten gesperrt, teilte die Bahn am Montag mit."),
}  # fmt: skip


@pytest.mark.parametrize("name", ITEMS)
def test_an_agencys_item_is_an_article_though_it_has_the_words_of_an_error(name: str) -> None:
    title, text = ITEMS[name]
    ended = extract_lines([title, text])
    assert isinstance(ended, Document), ended
    assert (ended.title, ended.text) == (title, text)


@pytest.mark.parametrize("link", ["Weiterlesen", "Lire la suite", "Continue reading"])
def test_a_link_to_the_rest_of_a_feeds_summary_sells_nothing(link: str) -> None:
    summary = "The council approved the new tram line on Monday after a debate of seven hours; work begins in spring."
    ended = extract_lines([summary, link])
    assert isinstance(ended, Document), ended
    assert ended.text == summary


def test_results_are_no_list_of_titles() -> None:
    lines = [
        "Bundesliga, 25. Spieltag",
        "FC Kessin - SV Dorum 3:1",
        "TuS Wremen - FC Augsburg 0:1",
        "VfB Imsum - Lehe 2:2",
        "Sievern - Mainz 05 1:2",
    ]
    assert isinstance(extract_lines(lines), Document)


PROMPTS = {
    "fr": ("Il vous reste 85 % de cet article à lire. La suite est réservée aux abonnés de notre journal, abonnez-vous dès maintenant pour en profiter.", "Déjà abonné ? Connectez-vous à votre compte avec votre adresse e-mail et votre mot de passe pour poursuivre votre lecture sans limite."),
    "de": ("Um diesen Artikel weiterlesen zu können, benötigen Sie ein Digital-Abo. Jetzt kostenlos testen und alle Inhalte auf unserer Website lesen.", "Sie sind bereits Abonnent? Dann melden Sie sich bitte hier mit Ihrer E-Mail-Adresse und Ihrem Passwort an, um den Artikel freizuschalten."),
    "en": ("To continue reading this article, please subscribe to one of our digital plans or log in to your existing account.", "Already a subscriber? Log in here with the email address that you used when you registered for your subscription with us."),
}  # fmt: skip


@pytest.mark.parametrize("lang", sorted(PROMPTS))
def test_prompts_in_whole_sentences_are_prompts_in_a_page(lang: str) -> None:
    ended = extract_page(page(stub(lang, *PROMPTS[lang])))
    assert isinstance(ended, Rejection), ended
    assert ended.reason == "paywall"
    ended = extract_page(page(site(HEADLINES[lang], *PARAGRAPHS[lang], *PROMPTS[lang])))
    assert isinstance(ended, Document), ended
    assert ended.text.split("\n") == list(PARAGRAPHS[lang])


@pytest.mark.parametrize("lang", sorted(PROMPTS))
def test_prompts_in_whole_sentences_are_prompts_in_plain_text(lang: str) -> None:
    ended = extract_lines([HEADLINES[lang], *PARAGRAPHS[lang], *PROMPTS[lang]])
    assert isinstance(ended, Document), ended
    assert ended.text.split("\n") == list(PARAGRAPHS[lang])


def test_the_heading_of_a_wall_is_no_text_beside_it() -> None:
    heading = Block("Le respect de votre vie privée est notre priorité", BlockKind.HEADING, True, None, "")
    question = "Avec votre accord, nos partenaires et nous utilisons des cookies pour des publicités personnalisées."
    wall = find_wall([heading, Block(question, BlockKind.BOILERPLATE, False, "cookie-notice", "")], None)
    assert wall is not None
    assert wall.reason == "consent-wall"


def test_an_article_beside_a_question_for_consent_is_an_article() -> None:
    more = tuple(
        f"{text} It was said at the {n}th meeting of the council in this year."
        for n, text in enumerate(PARAGRAPHS["en"])
    )
    consent = (
        "We and our 845 partners store and/or access information on a device, such as cookies.",
        "With your consent, personalised advertising may be shown to you. You can reject all.",
    )
    ended = extract_page(page(site(HEADLINES["en"], *more, *consent)))
    assert isinstance(ended, Document), ended
    assert all(text in ended.text for text in more)
