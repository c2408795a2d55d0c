"""Make names.csv, not_names.txt, not_places.txt and syllables.txt from jieba's dictionary and pypinyin's readings.

    python data/lexicon/build.py

Needs the development install. Same versions, same bytes.
"""

import csv
import math
import re
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

import jieba
from pypinyin import Style, pinyin

from matching.train import examples, shipped_corpus
from talent_pool import regions, taxonomy

HERE = Path(__file__).parent
# The surnames of the published lists of the 300 most frequent ones, and those that Shaanxi has more of.
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧肖程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎闫余潘杜戴夏钟锺汪"
    "田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞"
    "章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍"
    "翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀谈"
    "姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌银扬明沙薄伏岑习"
    "胥保和蔺员权鱼惠拓折呼淡郗寇弥种相同上官忽雒拜羽鹿庹但税阚储麻宣贡邝晁呙展亢缪尚宿令狐逯缑仵撒亓乜代雍思毋束庾邰鄢昝郇荔蒲蔚扈俱秋"
)
COMPOUND = (
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "皇甫",
    "令狐",
    "司徒",
    "东方",
    "尉迟",
    "夏侯",
    "慕容",
    "端木",
    "宇文",
    "长孙",
    "公孙",
)
NO_SURNAMES = frozenset(
    "上官令狐来都台和同相但税保但沿位单全明"
)  # those only inside a compound, or far more often a word
KNOWN = 40  # what a name invented by this project weighs beside one of the dictionary


def dictionary() -> list[tuple[str, int, str]]:
    """Return jieba's words with frequency and tag."""
    lines = (Path(jieba.__file__).parent / "dict.txt").read_text(encoding="utf-8").splitlines()
    return [(word, int(count), tag) for word, count, tag in (line.split() for line in lines)]


def given_names() -> Counter[str]:
    """Return the given names from which the demo invents its people."""
    table = tomllib.loads((HERE.parent / "pool" / "names.toml").read_text(encoding="utf-8"))["given"]
    found: Counter[str] = Counter()
    for years in table.values():
        for kind in years.values():
            found.update(kind["whole"])
            found.update(a + b for a in kind["first"] for b in kind["second"])
    return found


def scores(words: list[tuple[str, int, str]], surnames: list[str]) -> dict[str, tuple[int, int, int]]:
    """Return for each character ten times the log-odds of name against text: as surname, second and last character."""
    ground: Counter[str] = Counter()
    seen: tuple[Counter[str], Counter[str], Counter[str]] = (Counter(), Counter(), Counter())
    for word, count, tag in words:
        for char in word:
            ground[char] += count
        if tag.startswith("nr") and tag != "nrt" and len(word) == 3 and word[0] in surnames:
            for place, char in enumerate(word):
                seen[place][char] += 1
    for name in given_names():
        seen[1][name[0]] += KNOWN * (len(name) > 1)
        seen[2][name[-1]] += KNOWN
    total = sum(ground.values())

    def odds(place: int, char: str) -> int:
        share = (seen[place][char] + 0.3) / (sum(seen[place].values()) + 1500)
        return round(10 * math.log(share / ((ground[char] + 200) / total)))

    return {
        char: (odds(0, char) if char in surnames else -99, odds(1, char), odds(2, char))
        for char in sorted(ground)
        if "\u4e00" <= char <= "\u9fff" and (seen[1][char] + seen[2][char] >= 2 or char in surnames)
    }


def ordinary(words: list[tuple[str, int, str]], surnames: list[str]) -> list[str]:
    """Return the words of two and three characters that begin like a name and are none."""
    return sorted(
        word
        for word, count, tag in words
        if len(word) in (2, 3)
        and word[0] in surnames
        and not tag.startswith("nr")
        and count >= (8 if len(word) == 2 else 4)
    )


# Words that are first of all a place, whatever else the dictionary says of them.
PLACES_FIRST = frozenset(
    ("高陵", "蓝田", "宝鸡", "凤翔", "扶风", "米脂", "神木", "安康", "商洛", "榆林", "西安", "草堂", "太白", "黄龙")
)
_ENDING = re.compile("(?:街道办事处|街道|地区|镇|乡|新区|县|区|市|社区|村)$")


def no_places(words: list[tuple[str, int, str]]) -> list[str]:
    """Return what is left of places' names without their ending and is first of all a word, or a family."""
    tree = regions.tree()
    stems = {_ENDING.sub("", tree.short_name(code)) for code in tree.codes()}
    ordinary = {word: count for word, count, tag in words if count >= 3 and not tag.startswith("ns")}
    corpus = "\n".join(each.text for each in examples(shipped_corpus(), frozenset(taxonomy.types())))
    return sorted(
        stem
        for stem in stems - PLACES_FIRST
        if len(stem) >= 2
        and (
            ordinary.get(stem, 0) >= (3 if len(stem) == 2 else 50)
            or (len(stem) == 2 and stem[1] in "家里上下头边")
            or (len(stem) == 2 and corpus.count(stem) >= 3)
        )
    )


def syllables(words: list[tuple[str, int, str]]) -> dict[str, str]:
    """Return the characters by their usual reading without tone, frequent ones first; rare characters are left out."""
    ground: Counter[str] = Counter()
    for word, count, _ in words:
        for char in word:
            ground[char] += count
    found: defaultdict[str, str] = defaultdict(str)
    for char, count in sorted(ground.items(), key=lambda pair: (-pair[1], pair[0])):
        if count >= 20 and "\u4e00" <= char <= "\u9fff":
            found[pinyin(char, style=Style.NORMAL)[0][0]] += char
    return dict(found)


def main() -> None:
    """Write the four tables beside this script."""
    words = dictionary()
    surnames = sorted(set(SURNAMES) - NO_SURNAMES)
    with (HERE / "names.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("char", "surname", "second", "last"))
        writer.writerows((char, *odds) for char, odds in scores(words, surnames).items())
    (HERE / "not_names.txt").write_text("\n".join(ordinary(words, surnames)) + "\n", encoding="utf-8")
    (HERE / "not_places.txt").write_text("\n".join(no_places(words)) + "\n", encoding="utf-8")
    lines = [f"{syllable} {chars}" for syllable, chars in sorted(syllables(words).items())]
    (HERE / "syllables.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
