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
# # Choosing a mediator: this rule beside others
#
# Two sides, six names. What a side holds of a name is a normal number; the two sides' numbers oppose one another
# (ρ = -0.6), have nothing to do with one another (0) or agree in part (+0.5). A side can live with 50, 60 or 69 % of
# the names. It is a model, not a survey: it says how rules differ on the same lists, not how often people quarrel.
#
# Set `LISTS` to 20000 for the figures of `diandan bench choice --peers` (about half a minute); the seeds are the same.

# %%
import os
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import font_manager

from app.bench.choice import NAMES, RHOS, SEED, SHARES, measure
from app.bench.choice_rules import RULES, draw

LISTS = int(os.environ.get("DIANDAN_TEST_LISTS", "4000"))
LYING = min(60, LISTS // 50)

# %%
known = {font.name for font in font_manager.fontManager.ttflist}
wanted = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Zen Hei")
font = next(name for name in wanted if name in known)
plt.rcParams.update({"font.family": font, "axes.unicode_minus": False, "figure.dpi": 90, "axes.spines.top": False, "axes.spines.right": False})
warnings.filterwarnings("error", message=r"Glyph .* missing from")
titles = {
    "diandan": "点单(本规则)",
    "first_come": "先到先挑",
    "alternate_strikes": "轮流划名",
    "fmcs_rank_sum": "名次相加 FMCS",
    "finra_capped_strikes": "限额划名 FINRA",
    "aaa": "不限划名 AAA",
    "shortlist": "一方列一方挑",
}
colours = ["#b3261e", "#9aa5ad", "#2f5d8a", "#c77d1e", "#4d7c3a", "#7b5ea7", "#3a8f8f"]

# %% [markdown]
# ## All cells

# %%
figures = measure((LISTS,), peers=True, lying=LYING)
cells = {name: cell for name, cell in figures.items() if name.startswith("rho_")}
table = pd.DataFrame(figures["all_cells"]).T.rename(index=titles)
print("seeds:", [cell["seed"] for cell in cells.values()], "lists a cell:", figures["lists"])
table

# %%
labels = [f"ρ={rho:+.1f}\n{share:.0%}" for rho in RHOS for share in SHARES]
at = np.arange(len(cells))

# %% [markdown]
# ## Somebody whom a side will not have
#
# The picture that this house began with: where the sides are opposed and each can live with half of the names, one side
# picking from the album appoints, on four lists in five, somebody whom the other will not have. Rules that let both
# strike without a cap never do, as long as a name is left; AAA then appoints from outside, this rule draws a fresh list.

# %%
figure, axes = plt.subplots(figsize=(9, 3.8))
for place, rule in enumerate(RULES):
    axes.plot(at, [cell[rule]["unacceptable"] for cell in cells.values()], marker="o", color=colours[place], label=titles[rule])
axes.set_xticks(at, labels)
axes.set_ylabel("有一方不能接受的份额")
axes.set_title("选出的人有一方不能接受")
axes.legend(frameon=False, ncols=2, fontsize=8)
plt.show()

# %% [markdown]
# ## When there is a name that both can live with

# %%
figure, axes = plt.subplots(figsize=(9, 3.8))
for place, rule in enumerate(RULES):
    axes.plot(at, [cell[rule]["success"] for cell in cells.values()], marker="o", color=colours[place], label=titles[rule])
axes.set_xticks(at, labels)
axes.set_ylabel("选中这样的人的份额")
axes.set_title("名单上有双方都能接受的人时,选中了没有")
axes.legend(frameon=False, ncols=2, fontsize=8)
plt.show()

# %% [markdown]
# ## How the worse-off side fares
#
# Mean rank, for the side that fares worse, of whoever was named; 1 would be both sides' dearest. Only lists with a name
# that both can live with, so that no rule looks better by giving up on the hard ones.

# %%
figure, axes = plt.subplots(figsize=(9, 3.8))
for place, rule in enumerate(RULES):
    values = [cell[rule]["worse_off_rank_mutual"] for cell in cells.values()]
    axes.bar(at + (place - 3) * 0.12, values, 0.11, color=colours[place], label=titles[rule])
axes.set_xticks(at, labels)
axes.set_ylim(1)
axes.set_ylabel("较不如意一方的平均名次")
axes.set_title("较不如意的一方排第几")
axes.legend(frameon=False, ncols=2, fontsize=8)
plt.show()

# %% [markdown]
# ## What a lie can gain
#
# One side knows the other's marks and tries every false report there is; the other is truthful. No rule for two sides
# is free of this except letting one of them dictate. Here the marks are sealed, so that a side would have to guess: the
# bars are the most that a lie could bring, not what it would.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
overall = figures["all_cells"]
for axes, figure_name, title in ((left, "lie_pays", "说谎有利的名单"), (right, "lie_gain", "平均多得几个名次")):
    bars = axes.barh([titles[rule] for rule in RULES], [overall[rule][figure_name] for rule in RULES], color=colours)
    axes.bar_label(bars, fmt="%.2f", fontsize=8)
    axes.set_title(title)
left.invert_yaxis()
plt.show()

# %% [markdown]
# ## Longer lists
#
# How often a name is left for both, by the number of names on the list: six for opposed sides, as this house does, and
# a second, disjoint list of six behind it.

# %%
figure, axes = plt.subplots(figsize=(8, 3.4))
sizes = range(2, 13)
for place, rho in enumerate(RHOS):
    share = [draw(SEED + size, LISTS, size, rho, 0.5).mutual().any(axis=1).mean() for size in sizes]
    axes.plot(sizes, share, marker="o", color=colours[place], label=f"ρ={rho:+.1f}")
axes.axvline(NAMES, color="#9aa5ad", linestyle=":")
axes.set_xlabel("名单上的人数")
axes.set_ylabel("有共同可接受的人")
axes.set_title("名单多长才够(每方能接受一半)")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Nobody is worse off for having looked
#
# A truthful ballot beside silence, on the same lists: the share on which speaking brought the side a better, an equal or
# a worse name. The third must be nought.

# %%
from matching.choice import Ballot, Listed, resolve


lists = draw(SEED, min(LISTS, 400), NAMES, -0.6, 0.6)
tally = {"更好": 0, "一样": 0, "更差": 0}
for number in range(len(lists)):
    ids = [str(name) for name in range(NAMES)]
    listed = [Listed(name, int(lists.fit[number, int(name)]), 0) for name in ids]
    ballots = {
        letter: Ballot(
            want=tuple(sorted((name for name in ids if lists.likes[number, side, int(name)]), key=lambda name: lists.rank[number, side, int(name)])),
            strike=tuple(name for name in ids if not lists.likes[number, side, int(name)]),
        )
        for side, letter in enumerate("AB")
    }
    spoken, silent = resolve(listed, ballots, "1"), resolve(listed, {**ballots, "A": None}, "1")
    if spoken.chosen and silent.chosen:
        difference = spoken.ranks[spoken.chosen]["A"] - spoken.ranks[silent.chosen]["A"]
        tally["更好" if difference < 0 else "更差" if difference > 0 else "一样"] += 1
figure, axes = plt.subplots(figsize=(5, 2.6))
axes.bar_label(axes.bar(list(tally), list(tally.values()), color=colours[1:4]))
axes.set_title("打开链接如实选,比不回应")
plt.show()
