# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The pool, and who covers what
#
# Who is in a county's talent pool, where nobody is good at a type of quarrel, how old the mediators are, and how busy.
# The county is the demo's: invented people in real towns and villages. To look at a real pool, set `DATA_DIR` to the
# folder of its database; nothing here writes to it.

# %%
import tempfile
import warnings
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager

from app import migrate
from app.db import Database
from app.demo import pool, town, world
from app.demo.people import Phones, Town
from app.settings import load
from talent_pool import regions, taxonomy
from talent_pool.index import read_rows
from talent_pool.models import Kind

DATA_DIR: str | None = None
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)

# %% [markdown]
# The font is chosen by name: with matplotlib's default one every Chinese label would be a row of boxes. A glyph that the
# font lacks stops the notebook.

# %%
known = {font.name for font in font_manager.fontManager.ttflist}
wanted = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Zen Hei")
font = next(name for name in wanted if name in known)
plt.rcParams.update({"font.family": font, "axes.unicode_minus": False, "figure.dpi": 90, "axes.spines.top": False, "axes.spines.right": False})
warnings.filterwarnings("error", message=r"Glyph .* missing from")
font

# %% [markdown]
# ## Whose pool

# %%
folder = tempfile.TemporaryDirectory()
settings = load(data_dir=Path(DATA_DIR or folder.name), demo=DATA_DIR is None)
database = Database(settings)
if DATA_DIR is None:
    migrate.upgrade(settings)
    world.build(database, "county", NOW)
with database.read() as session:
    rows = [row for row in read_rows(session) if row.active]
county = regions.ancestors(rows[0].home)[1]
towns = regions.children(county)
kinds = {kind: taxonomy.label("kinds", kind) for kind in Kind}
colours = {Kind.ADMINISTRATIVE: "#2f5d8a", Kind.INDUSTRY: "#c77d1e", Kind.LOCAL_ELDER: "#4d7c3a"}
f"{regions.full_name(county)}: {len(rows)} active mediators, {len(towns)} towns"

# %% [markdown]
# ## Where they live, by kind

# %%
homes = {kind: Counter(regions.ancestors(row.home)[0] for row in rows if row.kind is kind) for kind in Kind}
figure, axes = plt.subplots(figsize=(9, 4))
below = np.zeros(len(towns))
for kind in Kind:
    number = np.array([homes[kind][town_code] for town_code in towns])
    axes.bar([regions.short_name(each) for each in towns], number, bottom=below, color=colours[kind], label=kinds[kind])
    below += number
axes.set_ylabel("调解员(人)")
axes.set_title("各镇的调解员,按类别")
axes.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.1))
plt.show()

# %% [markdown]
# ## By kind and zone
#
# Over the whole province, for a pool of 4,000 drawn the same way: the shares of the kinds are alike in all three zones.

# %%
rng = Random(1)
own = regions.ancestors(county)[-1]
plans = pool.invent(Town(rng, Phones(rng)), regions.inside(own, 6), 4000, date(2026, 11, 23))
zoned = Counter((plan.enrolment.base.kind, regions.zone(plan.enrolment.base.home)) for plan in plans)
figure, axes = plt.subplots(figsize=(7, 3.2))
zones = list(regions.zones())
for place, kind in enumerate(Kind):
    at = np.arange(len(zones)) + (place - 1) * 0.27
    bars = axes.bar(at, [zoned[kind, zone] for zone in zones], 0.25, color=colours[kind], label=kinds[kind])
    axes.bar_label(bars, fontsize=8)
axes.set_xticks(range(len(zones)), [regions.zones()[zone].zh for zone in zones])
axes.set_title("三个区域的调解员,按类别")
axes.legend(frameon=False, ncols=3, loc="upper right", fontsize=8)
plt.show()

# %% [markdown]
# ## Types of quarrels × towns: how many can be asked
#
# Whoever serves the whole town or all of the county counts there. 无 in red: nobody; such a quarrel will find its names
# only in a wider circle.

# %%
types = [code for code in taxonomy.types() if code != "other"]
cover = np.array(
    [
        [
            sum(any(skill.type == code for skill in row.skills) and any(regions.contains(area, each) for area in row.areas) for row in rows)
            for each in towns
        ]
        for code in types
    ]
)
figure, axes = plt.subplots(figsize=(9, 7))
axes.imshow(np.ma.masked_equal(cover, 0), cmap="Greens", aspect="auto", vmin=-3)
for (line, column), number in np.ndenumerate(cover):
    colour = "white" if number > cover.max() / 2 else "black"
    axes.text(column, line, number or "无", ha="center", va="center", fontsize=8, color=colour if number else "#b3261e")
axes.set_xticks(range(len(towns)), [regions.short_name(each) for each in towns], rotation=30, ha="right")
axes.set_yticks(range(len(types)), [taxonomy.label("types", code) for code in types])
axes.set_title("全镇可请的调解员人数(纠纷类型 × 镇)")
for spine in axes.spines.values():
    spine.set_visible(False)
plt.show()

# %%
nobody = [
    f"{regions.short_name(towns[column])}:{taxonomy.label('types', types[line])}" for line, column in np.argwhere(cover == 0)
]
print("无人可请:", "、".join(nobody) or "没有空白")

# %% [markdown]
# ## Ages

# %%
figure, axes = plt.subplots(figsize=(8, 3.2))
ages = {kind: [NOW.year - row.birth_year for row in rows if row.kind is kind and row.birth_year] for kind in Kind}
axes.hist(list(ages.values()), bins=range(25, 86, 5), stacked=True, color=list(colours.values()), label=list(kinds.values()))
axes.set_xlabel("年龄(岁)")
axes.set_ylabel("人数")
axes.set_title("调解员的年龄")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Load
#
# Open cases against the most that each will take. Most of a pool is idle at any moment: the few who are full are those
# whom everybody wants.

# %%
free = Counter((row.kind, row.open_cases) for row in rows)
most = max(row.open_cases for row in rows)
figure, axes = plt.subplots(figsize=(8, 3))
for place, kind in enumerate(Kind):
    left = 0
    for number in range(most + 1):
        count = free[kind, number]
        shade = 0.25 + 0.75 * number / max(1, most)
        axes.barh(place, count, left=left, color=colours[kind], alpha=shade, edgecolor="white")
        if count > 12:
            axes.text(left + count / 2, place, f"{number} 件:{count} 人", ha="center", va="center", fontsize=8)
        left += count
axes.set_yticks(range(len(kinds)), list(kinds.values()))
axes.set_xlabel("人数(颜色越深,在办越多)")
axes.set_title("在办案件数")
plt.show()
full = sum(row.open_cases >= row.load_cap for row in rows)
print(f"已满 {full} 人,在办 {sum(row.open_cases for row in rows)} 件,还能接 {sum(row.load_cap - row.open_cases for row in rows)} 件")

# %%
database.close()
folder.cleanup()
