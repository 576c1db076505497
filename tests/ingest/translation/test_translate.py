"""The stage as a whole, around a translator without a model: every sentence accounted for."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.translation import DictMemory, Flag, Stopped, review_flags, translate_text, translate_texts
from ingest.translation.plan import MAX_SENTENCES, PIECE_TOKENS
from ingest.types import Sentence, Span, Translation
from tests.ingest.translation.fakes import FakeTranslator


def whole(text: str, lang: str = "fr") -> tuple[Span, ...]:
    return (Span(0, len(text), lang),) if text else ()


def upper(sentence: str) -> str:
    return sentence.upper()


def english(text: str, translator: FakeTranslator, lang: str = "fr") -> Translation:
    return translate_text(text, whole(text, lang), translator)


def test_lines_stay_lines_and_offsets_point_at_both_sides() -> None:
    text = "Il fait beau. Elle part.\n\n  Voilà la suite.\n"
    result = english(text, FakeTranslator(upper))
    assert result.text == "IL FAIT BEAU. ELLE PART.\n\n  VOILÀ LA SUITE.\n"
    assert [s.source for s in result.sentences] == ["Il fait beau.", "Elle part.", "Voilà la suite."]
    for sentence in result.sentences:
        assert text[sentence.start : sentence.end] == sentence.source
        assert result.text[sentence.target_start : sentence.target_end] == sentence.target
        assert sentence.model == "fake-fr@1"
        assert sentence.score == -0.1


def test_english_passes_letter_by_letter() -> None:
    text = "Il part.  Moscow  also provided “feedback” on 1.000 things.\tIl reste."
    start, end = text.index("Moscow"), text.index("Il reste")
    spans = (Span(0, start, "fr"), Span(start, end, "en"), Span(end, len(text), "fr"))
    translator = FakeTranslator(upper)
    result = translate_text(text, spans, translator)
    assert text[start:end] in result.text
    assert translator.given == ["Il reste.", "Il part."] or set(translator.given) == {"Il part.", "Il reste."}
    passed = result.sentences[1]
    assert (passed.model, passed.flags, passed.source == passed.target) == (None, (), True)


def test_undetermined_passes_unchanged_and_flagged() -> None:
    result = english("Lorem ipsum dolor.", FakeTranslator(upper), "und")
    assert result.text == "Lorem ipsum dolor."
    assert result.sentences[0].flags == ("copied",)
    assert result.missing is None


def test_language_without_a_route_is_named_and_the_rest_is_translated() -> None:
    text = "Hola amigos. Il part."
    spans = (Span(0, 13, "es"), Span(13, len(text), "fr"))
    result = translate_text(text, spans, FakeTranslator(upper))
    assert result.missing == "es"
    assert result.text == "Hola amigos. IL PART."
    assert result.sentences[0].flags == ("copied", "not-english")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "14",
        "🙂🙂",
        "https://example.org/a?b=c",
        "---",
        "a@b.example",
        "#JO2024",
        "+49 301 234 567",
        "192.168.178.254",
    ],
)
def test_what_is_no_language_never_reaches_the_model(text: str) -> None:
    translator = FakeTranslator(upper)
    result = english(text, translator)
    assert translator.calls == []
    assert result.text == text


@pytest.mark.parametrize(
    ("line", "english_line"), [("14 000", "14,000"), ("12,5 %", "12.5 %"), ("1.234.567,89 €", "1,234,567.89 €")]
)
def test_a_line_of_figures_is_written_as_english_writes_them(line: str, english_line: str) -> None:
    translator = FakeTranslator(upper)
    result = english(f"Le prix :\n{line}\nIl monte.", translator)
    assert result.text.splitlines()[1] == english_line
    sentence = result.sentences[1]
    assert (sentence.source, sentence.target, sentence.model) == (line, english_line, None)


def test_address_passes_between_two_pieces() -> None:
    translator = FakeTranslator(upper)
    result = english("Lire www.exemple.fr/Page et écrire à moi@exemple.fr aujourd'hui.", translator)
    assert result.text == "LIRE www.exemple.fr/Page ET ÉCRIRE À moi@exemple.fr AUJOURD'HUI."
    assert len(result.sentences) == 1
    assert result.sentences[0].flags == ()


def test_sentence_that_is_too_long_is_cut_flagged_and_whole() -> None:
    clause = "le président a parlé longtemps devant les députés réunis à Paris"
    text = ", ".join([clause] * 40) + "."
    translator = FakeTranslator(upper)
    result = english(text, translator)
    assert len(result.sentences) == 1
    assert result.sentences[0].flags == ("copied", "not-english", "split")  # capitals are French still
    assert max(len(sentence.split()) + 1 for sentence in translator.given) <= PIECE_TOKENS
    assert re.findall(r"\w+", result.text.lower()) == re.findall(r"\w+", text.lower())


def test_same_sentence_is_translated_once_for_all_texts() -> None:
    translator = FakeTranslator(upper)
    texts = [(text := f"Dépêche commune. Fin {number}.", whole(text)) for number in "ab"]
    results = translate_texts(texts, translator)
    assert [result.text for result in results] == ["DÉPÊCHE COMMUNE. FIN A.", "DÉPÊCHE COMMUNE. FIN B."]
    assert sorted(translator.given) == ["Dépêche commune.", "Fin a.", "Fin b."]


def test_articles_share_batches() -> None:
    translator = FakeTranslator(upper)
    texts = [(text := f"Phrase numéro {'x' * n}.", whole(text)) for n in range(1, 40)]
    translate_texts(texts, translator)
    assert len(translator.calls) == 1
    lengths = [len(sentence.split()) for sentence in translator.calls[0]]
    assert lengths == sorted(lengths, reverse=True)


def test_remembered_sentence_is_not_translated_again() -> None:
    memory = DictMemory()
    text = "Il part demain. Elle reste."
    first = translate_text(text, whole(text), FakeTranslator(upper), memory)
    translator = FakeTranslator(upper)
    assert translate_text(text, whole(text), translator, memory) == first
    assert translator.calls == []
    assert len(memory) == 2


def test_other_model_or_options_are_other_memories() -> None:
    memory = DictMemory()
    text = "Il part demain."
    translate_text(text, whole(text), FakeTranslator(upper), memory)

    class Wider(FakeTranslator):
        def options(self) -> str:
            return "wider"

    translator = Wider(upper)
    translate_text(text, whole(text), translator, memory)
    assert translator.calls != []


def test_stop_between_batches_keeps_what_was_finished() -> None:
    memory = DictMemory()
    words = ["mot" + "ab"[n % 2] * (n % 7) for n in range(90)]
    texts = [
        (
            text := " ".join(["Phrase" + "abcdefghij"[number // 10] + "abcdefghij"[number % 10], *words]) + ".",
            whole(text),
        )
        for number in range(100)
    ]
    answers = iter([False, True])
    with pytest.raises(Stopped, match="were left"):
        translate_texts(texts, FakeTranslator(lambda s: s[::-1]), memory, should_stop=lambda: next(answers))
    assert 0 < len(memory) < 100


def test_lost_figure_causes_a_second_try_and_the_better_is_kept() -> None:
    translator = FakeTranslator(lambda _: "Many soldiers left.", retried=lambda _: "11,000 soldiers left.")
    result = english("Onze jours après, 11.000 soldats partent.", translator)
    assert translator.retries == [("Onze jours après, 11.000 soldats partent.",)]
    assert result.text == "11,000 soldiers left."
    assert result.sentences[0].flags == ()


def test_figure_lost_twice_is_copied_and_flagged() -> None:
    result = english("Plus de 11.000 soldats partent.", FakeTranslator(lambda _: "More than soldiers left."))
    assert result.text == "More than 11,000 soldiers left."
    assert result.sentences[0].flags == ("repaired",)


def test_masked_figure_is_mended() -> None:
    translator = FakeTranslator(lambda s: s.replace("soldats", "soldiers"))
    result = english("7.000 XNUMX soldats", translator)
    assert translator.given == ["7.000 soldats"]
    assert result.text == "7,000 soldiers"
    assert result.sentences[0].flags == ("repaired",)
    assert result.sentences[0].source == "7.000 XNUMX soldats"


def test_headline_in_capitals_is_tried_in_small_letters() -> None:
    table = {"Paris en grève générale": "Paris on general strike"}
    result = english("PARIS EN GRÈVE GÉNÉRALE", FakeTranslator(lambda s: table.get(s, s)))
    assert result.text == "PARIS ON GENERAL STRIKE"
    assert result.sentences[0].flags == ()


def test_loop_is_flagged_and_said_once() -> None:
    result = english("Il pleut beaucoup ici.", FakeTranslator(lambda _: "It rains " + "and it rains " * 12))
    assert "repetition" in result.sentences[0].flags
    assert result.text.count("rains") <= 2


CHECKED = [
    ("Il y a longtemps que nous attendons cette décision importante.", "Yes.", "too-short"),
    ("Oui, je le veux bien.", "Yes " + " ".join(f"word{c}" for c in "abcdefghijklmnopqrstuvw") + ".", "too-long"),
    ("Le chat est sur la table.", "Le chat est sur la table.", "copied"),
    ("Le chat est sur la table.", "Le chat dort dans la cuisine avec les enfants.", "not-english"),
    ("La réunion est prévue.", "The meeting is planned for 1999.", "number-mismatch"),
]


@pytest.mark.parametrize(("source", "target", "flag"), CHECKED)
def test_doubtful_sentence_is_flagged(source: str, target: str, flag: str) -> None:
    assert flag in english(source, FakeTranslator(lambda _: target)).sentences[0].flags


def test_glued_sentences_get_the_space_english_needs() -> None:
    result = english("Il va apprendre la guerre moderne. »Il a dit.", FakeTranslator(upper))
    assert result.text.endswith('MODERNE." IL A DIT.') or result.text.endswith('MODERNE. " IL A DIT.')


def test_more_sentences_than_a_text_may_have_stay_and_say_so() -> None:
    text = "\n".join(f"Phrase {chr(97 + n % 26)}{chr(97 + n // 26 % 26)} ici." for n in range(MAX_SENTENCES + 3))
    result = english(text, FakeTranslator(upper))
    assert len(result.sentences) == MAX_SENTENCES + 3
    assert result.sentences[MAX_SENTENCES - 1].flags == ()
    assert all(s.flags == ("copied", "not-english") for s in result.sentences[MAX_SENTENCES:])


def test_translator_that_loses_a_sentence_is_found_out() -> None:
    class Losing(FakeTranslator):
        def stream(self, sentences, lang, *, retry=False):  # type: ignore[no-untyped-def]
            for batch in super().stream(sentences, lang, retry=retry):
                yield batch[1:]

    with pytest.raises(AssertionError, match="2 sentences in, 1 did not come out"):
        english("Il part. Elle reste.", Losing(upper))


@pytest.mark.parametrize("spans", [(Span(0, 3, "fr"),), (Span(1, 8, "fr"),), (Span(0, 3, "fr"), Span(4, 8, "fr"))])
def test_spans_that_do_not_cover_the_text_are_refused(spans: tuple[Span, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        translate_text("Il part.", spans, FakeTranslator(upper))


def sentence(*flags: str, model: str | None = "m@1") -> Sentence:
    return Sentence("s", "t", 0, 1, 0, 1, "fr", model, flags)


def article(*sentences: Sentence) -> list[Translation]:
    return [Translation("", sentences)]


def test_article_with_many_doubtful_sentences_needs_review() -> None:
    good, bad = sentence(), sentence(Flag.NUMBER_MISMATCH)
    assert review_flags(article(*[good] * 9, *[bad] * 3)) == ("needs-review",)
    assert review_flags(article(*[good] * 20, *[bad] * 3)) == ()
    assert review_flags(article(*[good] * 9, *[bad] * 2)) == ()
    assert review_flags(article(bad, bad, good)) == ("needs-review",)
    assert review_flags(article(*[sentence(Flag.REPAIRED, Flag.SPLIT)] * 9)) == ()
    assert review_flags([]) == ()


MIXED = st.text(
    st.one_of(st.characters(blacklist_categories=["Cs"]), st.sampled_from(' \n\r.!?»«"éAa3>')), max_size=150
)


@settings(deadline=None, max_examples=200)
@given(text=MIXED, cut=st.integers(0, 150), langs=st.tuples(*[st.sampled_from(["fr", "de", "en", "es", "und"])] * 2))
def test_nothing_is_lost_of_any_text(text: str, cut: int, langs: tuple[str, str]) -> None:
    cut = min(cut, len(text))
    spans = tuple(s for s in (Span(0, cut, langs[0]), Span(cut, len(text), langs[1])) if s.start < s.end)
    result = translate_text(text, spans, FakeTranslator())
    position = target = 0
    for s in result.sentences:
        assert not text[position : s.start].strip()
        assert text[s.start : s.end] == s.source
        assert not result.text[target : s.target_start].strip()
        assert result.text[s.target_start : s.target_end] == s.target
        position, target = s.end, s.target_end
    assert not text[position:].strip()
    assert result.text.count("\n") == text.count("\n")
