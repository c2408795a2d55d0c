"""Telling a quarrel again: other words of one line of the lexicon, clauses left out, names misspelt, sums rounded."""

import re
import statistics
from random import Random

from app.demo.people import Weighted
from matching.persons import heard
from matching.sounds import alike
from talent_pool.files import data_dir

_SURNAMES = "王 张 李 刘 杨 陈 赵 马 高 郭 周 吴 孙 何 曹 田 任 白 贺 雷 党 屈 冯 韩 董 薛 郝 石 段 侯"
_GIVEN = (
    "建国志强秀英满仓宝山改琴小军桂花文斌转社有福凤英红卫明礼长庚玉梅新民冬梅天喜存良彩云海江世昌月琴福林双喜美霞栓柱"
)
_CLAUSE = re.compile(r"[^，。；！？,;]+[，。；！？,;]?")
_DIGITS = re.compile(r"[0-9]{3,}")
_NAME = re.compile(r"[王张李刘杨陈赵马高郭周吴孙何曹田][\u4e00-\u9fff]{1,2}(?=[家说称与和反的把在，])")
_FIELDS = "东坡 西梁 南塬 北沟 河滩 上川 阳洼 阴坡 大台 庙前"


class Teller:
    """Draws names, sums and words; `rng` decides everything, so that a run can be repeated."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        words = _SURNAMES.split()
        self._surnames = Weighted({name: len(words) - at for at, name in enumerate(words)})
        self._alike = _alike()
        self._sounds = _by_sound()

    def name(self) -> str:
        """Return a name."""
        return self._surnames.draw(self.rng) + "".join(self.rng.sample(_GIVEN, self.rng.choice((1, 2, 2, 2))))

    def parcel(self) -> str:
        """Return a parcel's name."""
        return f"{self.rng.choice(_FIELDS.split())}{self.rng.randrange(1, 60)}号"

    def vary(self, text: str, other: str, people: list[str]) -> str:
        """Return a text of the corpus as another quarrel: these people, other sums and words, a bit of another text."""
        names = iter(people)
        more = self.rng.sample(_CLAUSE.findall(other), 1)
        told = _NAME.sub(lambda found: next(names, found[0]), text + "".join(more))
        told = _DIGITS.sub(lambda _: str(self.rng.randrange(2, 99) * 10 ** self.rng.choice((2, 2, 3))), told)
        return self._other_words(told, 0.25)

    def retell(self, text: str) -> str:
        """Return the same quarrel in other words."""
        clauses = _CLAUSE.findall(text)
        kept = [clause for clause in clauses if self.rng.random() > 0.4] or clauses[:1]
        if self.rng.random() < 0.3:
            self.rng.shuffle(kept)
        told = _DIGITS.sub(lambda found: _rounded(found[0]), "".join(kept))
        return self._other_words(told, 0.5)

    def spell(self, name: str) -> str:
        """Return a name as somebody else writes it down: mostly as it is, now and then by sound, or what is left."""
        chance = self.rng.random()
        if chance < 0.15:
            return f"老{name[0]}"
        if chance < 0.4:
            at = self.rng.randrange(1, len(name))
            return name[:at] + self.rng.choice(self._sounds[heard(name[at])]) + name[at + 1 :]
        return name

    def _other_words(self, text: str, share: float) -> str:
        for words in self._alike:
            found = next((word for word in words if word in text), None)
            if found is not None and self.rng.random() < share:
                text = text.replace(found, self.rng.choice(words))
        return text


def _rounded(digits: str) -> str:
    return digits[:1] + "0" * (len(digits) - 1) if digits[1:2] < "5" else digits


def _alike() -> list[list[str]]:
    lines = (data_dir() / "lexicon" / "alike.txt").read_text(encoding="utf-8").splitlines()
    rows = [[word for word in line.split() if len(word) > 1] for line in lines if not line.startswith("#")]
    return [row for row in rows if len(row) > 1]


def _by_sound() -> dict[str, str]:
    found: dict[str, str] = {}
    for chars in (chars[:12] for chars in alike().values()):
        found[heard(chars[0])] = found.get(heard(chars[0]), "") + chars
    return found


def peer_figures(took: list[float], hits: int, own: float) -> dict[str, float]:
    """Return a peer's figures from milliseconds and hits, with how many times slower it is than our median."""
    median = statistics.median(took)
    return {
        "queries": len(took),
        "ms_p50": round(median, 3),
        "ms_max": round(max(took), 3),
        "recall_at_5": round(hits / len(took), 3),
        "times_slower": round(median / own, 1),
    }
