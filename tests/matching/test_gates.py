"""Gates and risk signs: what bars mediation is found, harmless words that sound like it are not."""

import json
import re
import time
import tomllib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.gates import blanked, colour, find_gates, find_signs, rulebook
from matching.text import normalise
from matching.train import shipped_corpus
from talent_pool import taxonomy
from talent_pool.files import data_dir


def gates(text: str) -> set[str]:
    return {hit.code for hit in find_gates(normalise(text))}


def signs(text: str) -> set[str]:
    return {hit.code for hit in find_signs(normalise(text))}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("他提着菜刀追着砍我弟，胳膊上挨了一刀", "crime_suspected"),
        ("说再来要钱就弄死我全家", "crime_suspected"),
        ("井里被人下了老鼠药", "crime_suspected"),
        ("我侄女才九岁，叫隔壁老汉摸了下身", "crime_suspected"),
        ("有个自称公安局的人叫我转账，骗走三万", "crime_suspected"),
        ("半夜有人撬锁进来把牛牵走了", "crime_suspected"),
        ("挖机把人轧死了，老板说给五万了事", "crime_suspected"),
        ("丈夫喝了酒就打我，这回把我胳膊打肿了", "domestic_violence"),
        ("老公不让我出门，把手机没收了", "domestic_violence"),
        ("儿子嫌老娘吃得多，动手打老娘，嘴都打破了", "domestic_violence"),
        ("后妈拿火钳烫娃的手背", "domestic_violence"),
        ("她又被男人打得鼻青脸肿，跑回娘家不敢回去", "domestic_violence"),
        ("两人在地头互相推搡，他打了我一拳，鼻子流血", "public_security_mediable"),
        ("她在村口骂我是贱货，骂了一上午", "public_security_mediable"),
        ("他把我家窗户玻璃砸了", "public_security_mediable"),
        ("他从县上叫来几个混混堵着门打我", "public_security_barred"),
        ("这案子法院已经受理了，下月开庭", "court_seized"),
        ("我想问我这算不算工伤", "exclusive_jurisdiction"),
        ("征地补偿标准太低，我不签字", "exclusive_jurisdiction"),
        ("对方明确表示不同意调解，要打官司", "party_refused"),
    ],
)
def test_a_gate_is_found_with_words_of_the_text(text: str, code: str) -> None:
    hits = {hit.code: hit for hit in find_gates(normalise(text))}
    assert code in hits
    assert text[hits[code].start : hits[code].end].strip()
    assert hits[code].article == taxonomy.get_gate(code).article.zh


@pytest.mark.parametrize(
    "text",
    [
        "打井队打了九十米没见水，工钱不给",
        "男人在外打工三年没寄钱回来",
        "杀猪那天没请我，面子上过不去",
        "客商一看就杀价，一斤少卖六毛",
        "公公死活不答应分家，气死人了",
        "租我门面卖刀削面，欠房租八个月",
        "他砍了我家三棵树，一棵赔两百",
        "羊吃了拌药的麦种毒死三只",
        "两家人吵起来，没动手，也没打人",
        "以前打过架，早就和好了，这回是为滴水的事",
        "打官司太贵，我只想叫你们说和说和",
        "他连个招呼都不打就把我的地租出去了",
        "开刀花了三万，新农合报了一半，弟兄几个不摊",
        "为抢水浇地争了几句，想请人给排个轮次",
        "拼命干了一年，工头说没钱",
        "他老打电话催我还钱，我不是不还",
    ],
)
def test_a_frightening_word_alone_is_no_gate(text: str) -> None:
    assert (
        gates(text) & {"crime_suspected", "domestic_violence", "public_security_mediable", "public_security_barred"}
        == set()
    )


def test_a_denial_does_not_hide_what_stands_beside_it() -> None:
    assert "crime_suspected" in gates("他说没打人，可我弟肚子上叫他拿刀捅了一下")


@pytest.mark.parametrize(
    ("court", "text"),
    [(False, "不行我就去法院告他"), (False, "打算起诉到法院"), (True, "他已经起诉到法院，传票都来了")],
)
def test_going_to_court_is_not_being_there(court: bool, text: str) -> None:
    assert ("court_seized" in gates(text)) is court


def test_violence_at_home_is_not_also_offered_as_a_case_to_mediate() -> None:
    assert gates("丈夫喝醉了打我，扇了我两耳光") == {"domestic_violence"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("他扬言谁敢动就打断谁的腿", "threat"),
        ("他提着菜刀站在地头", "weapon"),
        ("为这事报警三回了", "repeat_calls"),
        ("两家结怨十几年，见面不说话", "old_grudge"),
        ("她哭着说不想活了，要喝农药", "mental_distress"),
        ("村上调解过两回都没成", "prior_failure"),
        ("来了三十多个亲戚堵在厂门口", "crowd"),
        ("他喝醉了跑来骂人", "alcohol"),
    ],
)
def test_each_sign_is_found(text: str, code: str) -> None:
    hits = {hit.code: hit for hit in find_signs(normalise(text))}
    assert code in hits
    assert text[hits[code].start : hits[code].end].strip()


@pytest.mark.parametrize(
    "text", ["满月酒的礼金归谁", "借我的铁锨不还", "一年给三千", "拼命干活挣的钱", "他家三口人种两亩地"]
)
def test_plain_words_are_no_sign(text: str) -> None:
    assert signs(text) == set()


@pytest.mark.parametrize(
    ("found", "type_", "subtype", "expected"),
    [
        (set(), None, None, "green"),
        ({"alcohol"}, "neighbor", None, "yellow"),
        ({"alcohol", "repeat_calls"}, "neighbor", None, "orange"),
        ({"alcohol", "repeat_calls", "mental_distress"}, "neighbor", None, "red"),
        ({"threat"}, "contract", None, "red"),
        ({"weapon"}, None, None, "red"),
        ({"crowd"}, "labor", "unpaid_wages", "red"),
        ({"prior_failure", "old_grudge"}, "neighbor", None, "red"),
        ({"old_grudge"}, "neighbor", "noise", "yellow"),
        ({"old_grudge"}, "housing_homestead", None, "orange"),
        ({"old_grudge"}, "forest_land", "boundary", "orange"),
        ({"old_grudge"}, "forest_land", "irrigation", "yellow"),
        ({"old_grudge", "alcohol"}, "forest_land", "boundary", "red"),
        ({"alcohol"}, "forest_land", "boundary", "yellow"),
    ],
)
def test_the_colour_follows_the_rule(found: set[str], type_: str | None, subtype: str | None, expected: str) -> None:
    assert colour(found, type_, subtype) == expected


def test_every_rule_speaks_of_a_known_gate_or_sign() -> None:
    assert {rule.code for rule in rulebook().gates} == set(taxonomy.gates())
    assert {rule.code for rule in rulebook().signs} == set(taxonomy.signs())


@pytest.mark.parametrize("name", ["gates.toml", "signs.toml"])
def test_every_repetition_in_a_rule_is_bounded(name: str) -> None:
    table = tomllib.loads((data_dir() / "lexicon" / name).read_text(encoding="utf-8"))
    patterns = (
        [p for rule in table["rule"] for p in rule["patterns"]]
        + table.get("idioms", [])
        + list(table["exceptions"].values())
    )
    patterns += [rule[key] for rule in table["rule"] for key in ("with", "not_with") if key in rule]
    assert [p for p in patterns if re.search(r"(?<!\\)[*+]|\{[0-9]+,\}", p)] == []


@pytest.mark.parametrize("piece", ["打", "他拿刀", "把我", "十", "1", "谁再", "村民三十人", "半夜", "被他打", "法院"])
def test_the_longest_text_of_one_repeated_piece_stays_quick(piece: str) -> None:
    normal = normalise(piece * (10_000 // len(piece)))
    find_gates(normal)
    began = time.process_time()
    find_gates(normal), find_signs(normal)
    assert time.process_time() - began < 2  # a quadratic rule takes 8 s; a linear one 0.1 s


@settings(derandomize=True, database=None, deadline=None, max_examples=200)
@given(st.text(st.sampled_from("他我打杀刀死了丈夫没有以前和好法院，。鸡树不调解醉30"), max_size=40))
def test_idioms_are_blanked_in_place(text: str) -> None:
    normal = normalise(text)
    assert len(blanked(normal.text)) == len(normal.text)
    for hit in (*find_gates(normal), *find_signs(normal)):
        assert 0 <= hit.start < hit.end <= len(text)


WIDENED_ON = ("call_and_letter", "message_and_history", "officer_note", "villager_spoken")  # of the corpus


def labelled() -> list[dict[str, object]]:
    paths = [path for path in shipped_corpus() if path.stem in WIDENED_ON]
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


def test_recall_and_precision_on_the_corpus_do_not_sink() -> None:
    """The rules were widened on these labels, so the figures flatter; they guard against losing what was reached.

    What rules and judges find together in texts that neither has seen: test_flagging.
    """
    right, found, wanted = Counter[str](), Counter[str](), Counter[str]()
    for row in labelled():
        got = gates(str(row["text"]))
        want = {gate["code"] for gate in row["gates"]}  # type: ignore[attr-defined]
        right.update(got & want)
        found.update(got)
        wanted.update(want)
    hard = ("crime_suspected", "domestic_violence")
    assert all(right[code] / wanted[code] >= 0.93 for code in hard)
    assert all(right[code] / found[code] >= 0.70 for code in hard)
    assert sum(right.values()) / sum(wanted.values()) >= 0.90
