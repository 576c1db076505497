"""Pages that people labelled line by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.cli.evaluation.clean_metric import Line
from ingest.cli.evaluation.labelled import data_folder, has_only_pages, read_documents, read_labelled_page
from ingest.errors import BadInput

PAGE = """# url: https://www.example.com/harbour
# lang: en
b Menu
b Subscribe now
n Storm closes the harbour
c Gusts of 110 km/h drove the ferries back on Monday.
b Read more: # 3 on our list

c # 2 was no better.
b © Example
"""


def labelled(folder: Path, text: str, name: str = "harbour.txt") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_each_line_of_a_page_has_its_label(tmp_path: Path) -> None:
    page = read_labelled_page(labelled(tmp_path, PAGE))
    assert (page.lang, page.site) == ("en", "www.example.com")
    assert [line.label for line in page.lines] == list("bbncbcb")
    assert page.lines[4] == Line("Read more: # 3 on our list", "b")


def test_the_window_has_five_lines_of_furniture_on_either_side(tmp_path: Path) -> None:
    around = "\n".join(f"b Item {number}" for number in range(9))
    text = f"# url: https://a.example/\n# lang: en\n{around}\nc One.\nn Photo\nc Two.\n{around}\n"
    page = read_labelled_page(labelled(tmp_path, text))
    assert page.window == (4, 17)
    assert [line.label for line in page.view("window")] == list("bbbbbcncbbbbb")


def test_a_folder_of_languages_is_read_in_order(tmp_path: Path) -> None:
    labelled(tmp_path, PAGE, "fr/b.txt")
    labelled(tmp_path, PAGE, "fr/a.txt")
    labelled(tmp_path, PAGE, "de/c.txt")
    assert has_only_pages(tmp_path)
    assert [page.id for page in read_documents(tmp_path)] == ["de-c", "fr-a", "fr-b"]


def test_a_folder_with_neither_is_refused(tmp_path: Path) -> None:
    assert not has_only_pages(tmp_path)
    with pytest.raises(BadInput, match="labelled pages"):
        data_folder(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PAGE.replace("b Menu", "Menu"), r"harbour.txt:3: .*'Menu'"),
        (PAGE.replace("b Menu", "x Menu"), "harbour.txt:3"),
        (PAGE.replace("b Menu", "b "), "harbour.txt:3"),
        (PAGE.replace("# lang: en\n", ""), "lang"),
        ("# url: https://a.example/\n# lang: en\nb Menu\n", "at least one line of article text"),
    ],
)
def test_a_page_that_is_not_labelled_says_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_labelled_page(labelled(tmp_path, text))


def test_a_page_in_another_encoding_says_so(tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_bytes("# url: https://a.example/\n# lang: fr\nc Été".encode("latin-1"))
    with pytest.raises(BadInput, match="UTF-8"):
        read_labelled_page(path)


def test_a_page_saved_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert read_labelled_page(labelled(tmp_path, "\ufeff" + PAGE)).lang == "en"
