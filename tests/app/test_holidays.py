"""The State Council's notice, pasted: read day for day, doubted where it does not add up, used in place of the table."""

from collections.abc import Iterator
from datetime import date, datetime

import pytest

from app import holidays, workdays
from app.db import Database
from app.errors import InvalidInput
from app.holidays import read_notice
from app.workdays import SpecialDay, add_workdays, is_workday, known_until, replace_years
from tests.app.clockwork import shanghai as wall

OF_2025 = """国务院办公厅关于2025年部分节假日安排的通知
国办发明电〔2024〕12号
各省、自治区、直辖市人民政府:
一、元旦:1月1日(周三)放假1天,不调休。
二、春节:1月28日(农历除夕、周二)至2月4日(农历正月初七、周二)放假调休,共8天。1月26日(周日)、2月8日(周六)上班。
三、清明节:4月4日(周五)至6日(周日)放假,共3天。
四、劳动节:5月1日(周四)至5日(周一)放假调休,共5天。4月27日(周日)上班。
五、端午节:5月31日(周六)至6月2日(周一)放假,共3天。
六、国庆节、中秋节:10月1日(周三)至8日(周三)放假调休,共8天。9月28日(周日)、10月11日(周六)上班。
节假日期间,各地区、各部门要妥善安排好值班和安全、保卫、疫情防控等工作。
"""
OF_2026 = """国务院办公厅关于2026年部分节假日安排的通知
国办发明电〔2025〕7号
一、元旦:1月1日(周四)至3日(周六)放假调休,共3天。1月4日(周日)上班。
二、春节:2月15日(农历腊月二十八、周日)至23日(农历正月初七、周一)放假调休,共9天。2月14日(周六)、2月28日(周六)上班。
三、清明节:4月4日(周六)至6日(周一)放假,共3天。
四、劳动节:5月1日(周五)至5日(周二)放假调休,共5天。5月9日(周六)上班。
五、端午节:6月19日(周五)至21日(周日)放假,共3天。
六、中秋节:9月25日(周五)至27日(周日)放假,共3天。
七、国庆节:10月1日(周四)至7日(周三)放假调休,共7天。9月20日(周日)、10月10日(周六)上班。
"""
OF_2027 = """国务院办公厅关于2027年部分节假日安排的通知
国办发明电〔2026〕9号
一、元旦:2027年1月1日(星期五)至3日(星期日)放假,共3天。
二、春节:2月5日至11日放假调休,共7天。2月4日(星期四)上班。
三、中秋节:9月15日(星期三)放假,与周末连休。
"""
NOW = wall("2026-11-25 10:00:00")


@pytest.fixture(autouse=True)
def _the_tables_own_calendar() -> Iterator[None]:
    yield
    replace_years({})


def shipped(number: str) -> list[SpecialDay]:
    return sorted((day for day in workdays._table() if day.notice == number), key=lambda day: day.day)


@pytest.mark.parametrize("text", [OF_2025, OF_2026, OF_2026.replace("(", "（").replace(")", "）").replace(":", "：")])
def test_a_notice_is_the_table_day_for_day(text: str) -> None:
    notice = read_notice(text)
    assert notice.problems == ()
    assert list(notice.days) == shipped(notice.number)
    assert len(notice.days) in (33, 39)
    assert {day.day.year for day in notice.days} == {notice.year}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("共9天", "共8天", "春节:通知说8天,读到9天"),
        ("2月14日(周六)", "2月14日(周五)", "春节:2026-02-14不是通知里写的星期"),
        ("5月9日(周六)上班", "5月7日(周四)上班", "劳动节:2026-05-07本来就上班"),
        ("6月19日(周五)至21日", "6月31日(周五)至21日", "端午节:没有6月31日这一天"),
        ("10月1日(周四)至7日(周三)", "10月1日(周四)至11月7日(周六)", "国庆节:到2026-11-07的日子不对"),
    ],
)
def test_what_does_not_add_up_is_said_and_not_used(db: Database, old: str, new: str, said: str) -> None:
    notice = read_notice(OF_2026.replace(old, new))
    assert said in [words % given for words, given in notice.problems]
    with db.write() as session, pytest.raises(InvalidInput):
        holidays.set_year(session, notice, by="account:1", now=NOW)


@pytest.mark.parametrize(
    "text", ["", "今年放假", "关于2026年部分节假日安排的通知", "一、元旦:1月1日放假。", "关于1926年部分节假日安排"]
)
def test_what_is_no_notice_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_notice(text)


def test_a_notice_without_its_title_needs_the_year() -> None:
    bare = OF_2026.split("\n", 2)[2]
    assert [day.day for day in read_notice(bare, 2026).days] == [day.day for day in read_notice(OF_2026).days]


def test_a_single_day_may_be_joined_with_the_weekend() -> None:
    friday = read_notice("关于2024年部分节假日安排\n一、端午节:6月10日(周一)放假,与周末连休。")
    assert [day.day for day in friday.days] == [date(2024, 6, day) for day in (8, 9, 10)]


def test_a_year_that_was_set_takes_the_place_of_the_tables_in_every_process(db: Database) -> None:
    doubted = read_notice(OF_2027)
    assert [words % given for words, given in doubted.problems] == ["春节:2027-02-04本来就上班"]
    right = read_notice(OF_2027.replace("2月4日(星期四)", "2月13日(星期六)"))
    assert known_until() < 2027 and not is_workday(date(2027, 2, 13))
    with db.write() as session:
        holidays.set_year(session, right, by="account:1", now=NOW)
    with db.read() as session:
        holidays.refresh(session)
        assert [row.year for row in holidays.years(session)] == [2027]
    assert known_until() == 2027
    assert is_workday(date(2027, 2, 13)) and not is_workday(date(2027, 2, 8))
    assert add_workdays(wall("2027-02-03 10:00:00"), 2) == wall("2027-02-12 23:59:59")
    # Another year's days are the table's still.
    assert not is_workday(date(2026, 2, 16)) and is_workday(date(2026, 2, 14))


def test_a_later_paste_takes_the_place_of_an_earlier_one(db: Database) -> None:
    first = read_notice(OF_2027.replace("2月4日(星期四)", "2月13日(星期六)"))
    second = read_notice(OF_2027.replace("2月4日(星期四)", "2月14日(星期日)"))
    with db.write() as session:
        holidays.set_year(session, first, by="account:1", now=NOW)
        before = holidays.version(session)
        row = holidays.set_year(
            session, second, by="account:2", now=datetime.fromisoformat("2026-11-26T10:00:00+08:00")
        )
        assert (row.set_by, len(row.days)) == ("account:2", len(second.days))
        assert holidays.version(session) != before
        holidays.refresh(session)
    assert is_workday(date(2027, 2, 14)) and not is_workday(date(2027, 2, 13))
