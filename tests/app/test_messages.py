"""Templates are data that counties edit: what is refused, and that editing cannot reach the machine."""

from pathlib import Path

import pytest

from app.messages import MessageError, render, render_text
from talent_pool.files import data_dir


def test_the_first_line_is_the_subject_and_empty_lines_never_pile_up() -> None:
    assert render_text("第{{ n }}号\n\n{% if n > 5 %}\n大\n{% endif %}\n\n\n\n尾\n", "t", n=3) == ("第3号", "尾\n")
    assert render_text("s\n一\n\n\n\n二", "t") == ("s", "一\n\n二\n")


@pytest.mark.parametrize(
    "source",
    ["s\n{{ phone }}", "{{ phone }}\nb", "s\n{{ case.party }}", "s\n{% for p in parties %}x{% endfor %}"],
)
def test_a_field_that_the_message_does_not_have_is_refused(source: str) -> None:
    with pytest.raises(MessageError, match=r"消息模板mine\.txt有错"):
        render_text(source, "mine.txt", case={"no": "1"})


@pytest.mark.parametrize("source", ["", "\n\n", "only a subject", "\nonly a body", "s\n   \n"])
def test_a_message_without_subject_or_body_is_refused(source: str) -> None:
    with pytest.raises(MessageError, match="要有标题行和正文"):
        render_text(source, "mine.txt")


@pytest.mark.parametrize(
    "source",
    [
        "s\n{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "s\n{{ cases.append(1) }}",
        "s\n{{ cases.__init__.__globals__ }}",
        "s\n{% for a in range(10000000) %}x{% endfor %}",
        "s\n{{ broken",
        "s\n{{ 1 // 0 }}",
        "s\n{{ 'a' + 1 }}",
    ],
)
def test_a_template_cannot_climb_out_of_its_sandbox(source: str) -> None:
    cases: list[int] = []
    with pytest.raises(MessageError, match="有错"):
        render_text(source, "mine.txt", cases=cases)
    assert cases == []


def test_text_is_not_escaped_because_no_page_shows_it_raw() -> None:
    assert render_text("{{ a }}\n{{ a }}", "t", a="<甲> & 乙")[1] == "<甲> & 乙\n"


def test_a_message_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(MessageError, match=r"没有消息模板monthly\.en\.txt"):
        render("monthly", "en_GB")


@pytest.mark.parametrize("path", sorted((data_dir() / "messages").glob("*.txt")), ids=lambda path: path.name)
def test_every_message_exists_in_both_languages(path: Path) -> None:
    name, lang, _ = path.name.split(".")
    other = {"zh": "en", "en": "zh"}[lang]
    assert path.with_name(f"{name}.{other}.txt").is_file()
