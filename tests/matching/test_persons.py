"""Names of one person in two spellings are known again, names of two people are kept apart."""

import pytest

from matching.persons import Degree, align, degree, heard, mentioned, person, persons
from matching.sounds import fold


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("李建国", "李建国", Degree.EXACT),
        ("李建国", "李健国", Degree.SOUND),
        ("张贵财", "章桂才", Degree.SOUND),
        ("孙志强", "孙自强", Degree.SOUND),  # zh like z
        ("李建国", "李健 国", Degree.SOUND),
        ("侯桂珍", "侯归真", Degree.SOUND),
        ("刘宝贵", "刘宝会", Degree.NEAR),
        ("建国", "李建国", Degree.NEAR),
        ("满仓", "种满仓", Degree.NEAR),
        ("老李", "李建国", Degree.SURNAME),
        ("李某某", "李建国", Degree.SURNAME),
        ("令狐安", "令狐某", Degree.SURNAME),
        ("老李", "小李", Degree.SURNAME),
        ("王建军", "王建民", Degree.NONE),  # brothers
        ("李建国", "王建国", Degree.NONE),
        ("建国", "建军", Degree.NONE),
        ("李明", "李敏", Degree.SOUND),  # ng like n
        ("李明", "李强", Degree.NONE),
        ("老李", "老王", Degree.NONE),
        ("", "李建国", Degree.NONE),
    ],
)
def test_degrees(one: str, other: str, expected: Degree) -> None:
    assert degree(person(one), person(other)) == expected
    assert degree(person(other), person(one)) == expected


def test_sounds_keep_the_length_of_the_text() -> None:
    text = "李健国说:欠3500元🐑"
    assert len(heard(text)) == len(text)
    assert heard("健") == heard("建")
    assert fold("zhuang") == fold("zuan")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("把李建国的墙泡了", Degree.EXACT),
        ("把李健国的墙泡了", Degree.SOUND),
        ("建国家的墙", Degree.NEAR),
        ("王建国家的墙", Degree.NONE),
        ("隔壁姓李的", Degree.SURNAME),
        ("李家的墙", Degree.SURNAME),
        ("行李丢了", Degree.NONE),
        ("", Degree.NONE),
    ],
)
def test_who_is_spoken_of(text: str, expected: Degree) -> None:
    assert mentioned(person("李建国"), text, heard(text)) == expected


def test_nobody_is_two_people() -> None:
    ours, theirs = persons(["李建国", "老李"]), persons(["李健国", "王芳"])
    (pair,) = align(ours, theirs)
    assert (ours[pair[0]].name, theirs[pair[1]].name, pair[2]) == ("李建国", "李健国", Degree.SOUND)
