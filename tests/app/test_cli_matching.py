"""`diandan suggest` and `choose` as a user runs them: JSON out, one clear line and status 2 for bad input."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.db import Database
from app.wording import catalogue
from matching import choice
from talent_pool import roster
from talent_pool.models import Kind, MediatorBase, RelationKind
from talent_pool.roster import Person, Skill
from tests.builders import ALSO_THERE, JIAOKOUHE, JIAOKOUHE_VILLAGE

LOG: dict[str, Any] = {
    "case": "(2026)洛川人调字第12号",
    "shortlist": [{"id": str(n), "fit": 90 - n, "open_cases": 0} for n in (1, 2, 3)],
    "ballots": {"A": {"want": ["1", "2"], "accept": [], "strike": []}, "B": {"want": ["3"], "strike": ["1"]}},
}
FIGHT = "他拿菜刀把我砍了,流了好多血,还说要杀了我全家"
DRAIN = "邻居把排水沟堵了,雨水倒灌进我家院子"


class Terminal:
    """Runs the command as the shell would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *words: object, typed: str | None = None) -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "argv", ["diandan", *map(str, words)])
        if typed is not None:
            self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        with pytest.raises(SystemExit) as end:
            main()
        out, err = self.capsys.readouterr()
        return int(end.value.code or 0), out, err

    def refused(self, *words: object) -> str:
        status, out, err = self(*words)
        assert (status, out) == (2, "")
        assert err.startswith("diandan: ")
        assert err.count("\n") == 1
        return err


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(monkeypatch, capsys)


def written(folder: Path, value: object) -> Path:
    file = folder / "given.json"
    file.write_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return file


# --- choose ----------------------------------------------------------------------------------------------------------


def test_choose_runs_a_log_again(terminal: Terminal, tmp_path: Path) -> None:
    status, out, err = terminal("choose", written(tmp_path, LOG))
    assert (status, err, out.count("\n")) == (0, "", 1)
    answer = json.loads(out)
    assert (answer["chosen"], answer["reserves"], answer["provisional"]) == ("2", ["3"], False)
    assert answer["ranks"] == {"2": {"A": 2, "B": 2}, "3": {"A": 3, "B": 1}, "1": {"A": 1, "B": 3}}
    assert "2在A方排第2" in answer["why"]
    assert terminal("choose", "-", typed=json.dumps(LOG)) == (0, out, ""), "the same bytes from standard input"


def test_choose_takes_a_file_that_a_windows_editor_saved(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal("choose", written(tmp_path, "\ufeff" + json.dumps(LOG)))[0] == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("{", "不是 JSON 文件"),
        ("", "不是 JSON 文件"),
        ("[" * 100_000, "不是 JSON 文件"),
        ([], "含 case、shortlist、ballots"),
        ({"case": "1"}, "缺少 shortlist"),
        ({**LOG, "ballots": {"A": {"want": ["9"]}}}, "名单上没有的 9"),
        ({**LOG, "ballots": {"A": {"want": ["1", "1"]}}}, "出现了两次"),
        ({**LOG, "shortlist": LOG["shortlist"] * 2}, "出现了两次"),
        ('{"case": "1", "shortlist": [], "ballots": {"A": null, "A": {"want": []}}}', "A 一项写了两次"),
        ('{"case": "1", "shortlist": [{"id": "1", "fit": NaN, "open_cases": 0}], "ballots": {"A": null}}', "fit"),
        ('{"case": "\\ud800", "shortlist": [], "ballots": {"A": null}}', "无法编码"),
    ],
)
def test_choose_refuses_what_cannot_be_counted(terminal: Terminal, tmp_path: Path, value: object, words: str) -> None:
    assert words in terminal.refused("choose", written(tmp_path, value))


def test_choose_says_when_there_is_no_file(terminal: Terminal, tmp_path: Path) -> None:
    assert "读不了文件" in terminal.refused("choose", tmp_path / "none.json")
    (tmp_path / "latin").write_bytes(b"\xff\xfe\x00")
    assert "不是 JSON" in terminal.refused("choose", tmp_path / "latin")


# --- suggest ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def pool(sqlite_db: Database) -> Database:
    """Four who serve the town, the first of them tied to 李秀英."""
    base = MediatorBase(name="王德发", kind=Kind.LOCAL_ELDER, home=ALSO_THERE)
    entries = [
        roster.Enrolment(
            base.model_copy(update={"name": name, "kind": kind}), (Skill("neighbor", years=12),), (JIAOKOUHE,)
        )
        for name, kind in zip(["王德发", "赵大山", "孙所长", "钱师傅"], [*Kind, Kind.LOCAL_ELDER], strict=True)
    ]
    with sqlite_db.write() as session:
        first, *_ = roster.enrol_all(session, entries)
        assert first.id is not None
        roster.declare_relation(session, first.id, RelationKind.KIN, Person("李秀英", "", JIAOKOUHE_VILLAGE))
    return sqlite_db


def ask(terminal: Terminal, pool: Database, *more: object, text: str = DRAIN) -> tuple[int, str, str]:
    folder = pool.settings.data_dir
    return terminal("suggest", "--data-dir", folder, "--region", JIAOKOUHE_VILLAGE, "--text", text, *more)


def test_suggest_prints_the_reading_and_the_list(terminal: Terminal, pool: Database) -> None:
    status, out, err = ask(terminal, pool, "--json")
    assert (status, err, out.count("\n")) == (0, "", 1)
    answer = json.loads(out)
    assert answer["reading"]["type"] == "neighbor"
    assert {person["name"] for person in answer["shortlist"]} == {"王德发", "赵大山", "孙所长", "钱师傅"}
    fits = [person["fit"] for person in answer["shortlist"]]
    assert fits == sorted(fits, reverse=True)
    first = answer["shortlist"][0]
    assert (first["region"], type(first["id"])) == (str(ALSO_THERE), str)
    assert "擅长邻里纠纷，做了12年" in first["reasons"]
    assert (answer["widened_to"], answer["barred"]) == (None, None)
    assert answer["excluded"] == {"recusal": 0, "leave": 0, "full": 0}


@pytest.mark.parametrize("wrapped", [False, True])
def test_suggest_leaves_out_who_is_tied_to_a_party(
    terminal: Terminal, pool: Database, tmp_path: Path, wrapped: bool
) -> None:
    people = [{"name": "李秀英", "village": str(JIAOKOUHE_VILLAGE)}, {"phone": "13800000000"}, {"name": "旁人"}]
    file = written(tmp_path, {"parties": people} if wrapped else people)
    answer = json.loads(ask(terminal, pool, "--json", "--parties", file)[1])
    assert "王德发" not in {person["name"] for person in answer["shortlist"]}
    assert answer["excluded"]["recusal"] == 1


def test_suggest_takes_short_codes_and_a_number(terminal: Terminal, pool: Database) -> None:
    folder = pool.settings.data_dir
    status, out, _ = terminal(
        "suggest", "--data-dir", folder, "--region", "610629102", "--text", DRAIN, "--n", 3, "--json"
    )
    assert (status, len(json.loads(out)["shortlist"])) == (0, 3)


def test_suggest_has_no_names_for_a_crime(terminal: Terminal, pool: Database) -> None:
    answer = json.loads(ask(terminal, pool, "--json", text=FIGHT)[1])
    assert (answer["shortlist"], answer["barred"]) == ([], "crime_suspected")
    status, out, _ = ask(terminal, pool, text=FIGHT)
    assert (status, "王德发" in out, "crime_suspected" in out) == (0, False, True)


def test_suggest_is_readable_without_json(terminal: Terminal, pool: Database) -> None:
    status, out, _ = ask(terminal, pool, "--n", 2)
    lines = out.splitlines()
    assert (status, len(lines)) == (0, 2)
    assert lines[0].startswith("1. ")
    assert "擅长邻里纠纷，做了12年" in lines[0]


def test_suggest_says_how_far_it_had_to_go(terminal: Terminal, pool: Database) -> None:
    folder = pool.settings.data_dir
    words = ("suggest", "--data-dir", folder, "--region", "610629101200", "--text", DRAIN)
    assert json.loads(terminal(*words, "--json")[1])["widened_to"] == "610629000000"
    assert terminal(*words)[1].splitlines()[-1] == "→ 延安市洛川县"


def test_suggest_refuses_what_it_does_not_understand(terminal: Terminal, pool: Database, tmp_path: Path) -> None:
    folder = pool.settings.data_dir

    def refused(*words: object) -> str:
        return terminal.refused("suggest", "--data-dir", folder, "--text", DRAIN, *words)

    assert "没有这个地区代码:99" in refused("--region", "99")
    assert "没有这个地区代码:交口河" in refused("--region", "交口河")
    assert "--n" in refused("--region", JIAOKOUHE, "--n", 0)
    assert "--n" in refused("--region", JIAOKOUHE, "--n", 21)
    wrong: list[tuple[object, str]] = [
        ({"people": []}, "当事人的列表"),
        (["李秀英"], "第1个当事人"),
        ([{"name": "好"}, {"name": 5}], "第2个当事人"),
        ([{"name": "好", "village": "12"}], "地区代码:12"),
        ("nothing", "不是 JSON"),
    ]
    for people, words in wrong:
        assert words in refused("--region", JIAOKOUHE, "--parties", written(tmp_path, people))


def test_suggest_says_when_there_is_no_database(terminal: Terminal, tmp_path: Path) -> None:
    words = ("suggest", "--data-dir", tmp_path / "none", "--region", JIAOKOUHE, "--text", DRAIN)
    assert "没有数据库" in terminal.refused(*words)
    assert not (tmp_path / "none").exists(), "asking makes nothing"
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "diandan.sqlite3").touch()
    status, out, err = terminal(*words)
    assert (status, out, err.count("\n")) == (1, "", 1), "an empty file is no database of ours: it failed"


# --- words -----------------------------------------------------------------------------------------------------------


def test_every_refusal_of_the_choice_has_english_words() -> None:
    source = Path(choice.__file__).read_text(encoding="utf-8")
    messages = [part.split('"')[1] for part in source.split("ChoiceError(")[1:] if part.startswith('"')]
    assert len(messages) > 12
    english = catalogue("en")
    for message in messages:
        assert english.gettext(message) != message, message
