"""Fit the weights of `matching.facts.people`: a logistic regression over every stretch that could be a full name.

    python data/lexicon/fit_names.py

Rights and wrongs come from tests/matching/facts/dev.txt and from the corpus: where it says 李某 or 老李, an invented
name is put in; what else begins with a surname there is no name. Seeded: same input, same weights.
"""

import random
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "matching"))

from marked_texts import marked  # noqa: E402

from matching.facts.people import candidates as stretches  # noqa: E402
from matching.facts.people import lexicon  # noqa: E402
from matching.text import cutter, normalise, plain  # noqa: E402
from matching.train import examples, shipped_corpus  # noqa: E402
from talent_pool import taxonomy  # noqa: E402

TARGET = ROOT / "matching" / "facts" / "weights.py"
NAMED_IN_CORPUS = frozenset(
    ("周桂兰", "桂兰", "方小葛", "曲二", "曲大", "曲二堂", "刘老五", "钱老三", "黎婆娘", "乔老母", "王甲")
)
MARKED_WEIGHT = 4.0  # of a candidate in a marked text beside one of the corpus
_SLOT = re.compile(
    "(?<![\u4e00-\u9fff]老)(?P<surname>[\u4e00-\u9fff])某(?:某|甲|乙)?(?![\u4e00-\u9fff]某)|老(?P<old>[王张李刘陈杨赵周吴徐孙胡朱林何郭罗梁宋郑谢韩唐冯董程曹袁邓许傅沈曾彭吕苏贾丁魏薛余潘杜戴夏鲁卫靳艾项汤阚黎庞辛费贺邝])(?![汉头师板])"
)


def invented(rng: random.Random) -> str:
    """Return a given name in the fashion of some decade, or of none."""
    given = tomllib.loads((ROOT / "data" / "pool" / "names.toml").read_text(encoding="utf-8"))["given"]
    pools = [pool for years in given.values() for pool in years.values()]
    pool = rng.choice(pools)
    if rng.random() < 0.35:
        return rng.choice(pool["whole"])
    if rng.random() < 0.4:
        return rng.choice(pool["second"])
    if rng.random() < 0.3:
        known = lexicon()
        good = [char for char, odds in known.last.items() if odds > 2]
        return rng.choice(pool["first"]) + rng.choice(good)
    return rng.choice(pool["first"]) + rng.choice(pool["second"])


def with_names(text: str, rng: random.Random) -> tuple[str, set[tuple[int, int]]]:
    """Put invented full names where a text has 李某 or 老李; return their spans."""
    out, spans, at, names = "", set(), 0, {}
    for hit in _SLOT.finditer(text):
        surname = hit["surname"] or hit["old"]
        if surname not in lexicon().surname:
            continue
        out += text[at : hit.start()]
        name = names.setdefault(hit.group(), surname + invented(rng))
        spans.add((len(out), len(out) + len(name)))
        out, at = out + name, hit.end()
    return out + text[at:], spans


def candidates(text: str) -> Iterator[tuple[int, int, dict[str, float]]]:
    """Yield every stretch that could be a full name, with its features."""
    yield from stretches(text, cutter())


def rows(rng: random.Random) -> Iterator[tuple[dict[str, float], bool, float]]:
    """Yield features, truth and weight of each candidate."""
    for line in marked("dev.txt"):
        text = normalise(line.text).text
        named = {(fact.start, fact.end) for fact in line.facts if fact.kind == "people"}
        yield from ((found, (start, end) in named, MARKED_WEIGHT) for start, end, found in candidates(text))
    known = lexicon()
    for example in examples(shipped_corpus(), frozenset(taxonomy.types())):
        text, named = with_names(plain(example.text), rng)
        told = {at for pattern in known.patterns for hit in pattern.finditer(text) for at in range(*hit.span())}
        for start, end, found in candidates(text):
            inside = any(low < end and start < high for low, high in named)
            if (start, end) in named:
                yield found, True, 1.0
            elif not (told.intersection(range(start, end)) and not inside) and text[start:end] not in NAMED_IN_CORPUS:
                yield found, False, 1.0


def main() -> None:
    """Write matching/facts/weights.py."""
    found, truth, weight = zip(*rows(random.Random(20261125)), strict=True)  # noqa: S311 - same seed, same weights
    names = list(found[0])
    table = np.array([[each[name] for name in names] for each in found])
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=5000)
    model.fit(table, np.array(truth), sample_weight=np.array(weight))
    lines = [f'    "{name}": {value:.2f},\n' for name, value in zip(names, model.coef_[0], strict=True)]
    words = '"""What each sign of a full name weighs: fitted by data/lexicon/fit_names.py, see `people.features`."""'
    TARGET.write_text(f"{words}\n\nWEIGHTS: dict[str, float] = {{\n{''.join(lines)}}}\n", encoding="utf-8")
    print(f"{len(truth)} candidates, {sum(truth)} names")


if __name__ == "__main__":
    main()
