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
# # How well a quarrel is read
#
# The shipped model on texts that it never saw: the gold set of rural texts (`data/gold`, written by people who had seen
# neither corpus nor rules) and, where the folder of measuring texts lies beside the project, real texts. Every share has
# its 95 % interval (Wilson).

# %%
import json
import os
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager

from matching import noise, train
from matching.evaluate import flagged, measure, shares
from matching.reading import read
from matching.weights import shipped
from talent_pool import taxonomy
from talent_pool.files import data_dir

EVERY = int(os.environ.get("NOTEBOOK_EVERY", "1"))  # look at every n-th text only
REAL = next((p for up in ("..", "../..") if (p := Path(up, "shared/data/real-dev.jsonl")).exists()), Path("none"))
known = {font.name for font in font_manager.fontManager.ttflist}
wanted = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Zen Hei")
plt.rcParams.update({"font.family": next(name for name in wanted if name in known), "axes.unicode_minus": False, "figure.dpi": 90})
warnings.filterwarnings("error", message=r"Glyph .* missing from")

model, kinds = shipped(), frozenset(taxonomy.types())
names = list(model.types)
paths = {"rural gold": data_dir() / "gold" / "rural.jsonl", "real": REAL}
sets = {name: train.examples([path], kinds)[::EVERY] for name, path in paths.items() if path.exists()}
given = {name: train.probabilities(model, names, [row.text for row in rows]) for name, rows in sets.items()}
right = {
    name: [names[p.argmax()] in {row.type, *row.also} for p, row in zip(given[name], rows)] for name, rows in sets.items()
}
for name, rows in sets.items():
    figures = measure(given[name], names, [row.type for row in rows], [row.also for row in rows])
    print(f"{name:11} accuracy {shares([name] * len(rows), right[name])[name]}", figures.as_json())

# %% [markdown]
# ## By type

# %%
figure, axes = plt.subplots(1, len(sets), figsize=(6 * len(sets), 5), squeeze=False)
for panel, (name, rows) in zip(axes[0], sets.items()):
    found = shares([row.type for row in rows], right[name])
    labels = [taxonomy.label("types", code) for code in found]
    middles = [share.hits / share.n for share in found.values()]
    bounds = np.clip(np.abs(np.array([share.interval for share in found.values()]).T - middles), 0, 1)
    panel.errorbar(middles, labels, xerr=bounds, fmt="o", capsize=3)
    panel.set(xlim=(0, 1.02), title=f"{name}:各类型说对的比例(95%区间)")
figure.tight_layout()
plt.show()

# %% [markdown]
# ## What is taken for what

# %%
rows = sets["rural gold"]
codes = [code for code in names if any(row.type == code for row in rows)]
table = np.zeros((len(codes), len(names)), dtype=int)
for row, p in zip(rows, given["rural gold"]):
    guess = names[p.argmax()]
    table[codes.index(row.type), names.index(row.type if guess in row.also else guess)] += 1
seen = [at for at in range(len(names)) if table[:, at].any()]
figure, axes = plt.subplots(figsize=(9, 7))
axes.imshow(table[:, seen], cmap="Blues")
axes.set_yticks(range(len(codes)), [taxonomy.label("types", code) for code in codes])
axes.set_xticks(range(len(seen)), [taxonomy.label("types", names[at]) for at in seen], rotation=90)
for (y, x), value in np.ndenumerate(table[:, seen]):
    if value:
        axes.text(x, y, value, ha="center", va="center", color="white" if value > table.max() / 2 else "black", fontsize=8)
axes.set(xlabel="机器说", ylabel="专家说", title="乡村金标:混淆表")
figure.tight_layout()
plt.show()

# %% [markdown]
# ## Do the probabilities mean what they say?

# %%
figure, axes = plt.subplots(figsize=(5, 4.5))
axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
for name in sets:
    top, hits = given[name].max(axis=1), np.array(right[name])
    bins = np.clip((top * 10).astype(int), 0, 9)
    filled = [b for b in range(10) if (bins == b).sum() >= 5]
    axes.plot([top[bins == b].mean() for b in filled], [hits[bins == b].mean() for b in filled], marker="o", label=name)
axes.set(xlabel="机器说的把握", ylabel="真的说对", title="校准")
axes.legend()
figure.tight_layout()
plt.show()

# %% [markdown]
# ## By register, and with typing slips

# %%
for register, share in shares([row.register for row in rows], right["rural gold"]).items():
    print(f"{register:16} {share}")
slips = {"none": right["rural gold"]}
for kind in ("homophone", "mixed"):
    for percent in (5, 10, 20):
        p = train.probabilities(model, names, [noise.noisy(row.text, kind, percent / 100) or row.text for row in rows])
        slips[f"{kind} {percent} %"] = [names[each.argmax()] in {row.type, *row.also} for each, row in zip(p, rows)]
found = shares([name for name, hits in slips.items() for _ in hits], [hit for hits in slips.values() for hit in hits])
figure, axes = plt.subplots(figsize=(7, 3.5))
axes.barh(list(slips), [found[name].hits / found[name].n for name in slips])
axes.set(xlim=(0.5, 1), title="打字有错时说对的比例")
figure.tight_layout()
plt.show()

# %% [markdown]
# ## Gates and signs
#
# Recall: of the texts that show it, how many raise it. Precision: of the texts that raise it, how many show it. `asked`:
# how many more of the texts that show it are at least asked about.

# %%
lines = (data_dir() / "gold" / "gates.jsonl").read_text(encoding="utf-8").splitlines()
gold = [json.loads(line) for line in lines][::EVERY]
readings = [read(row["text"]) for row in gold]
flags = {code: flagged(code, gold, readings) for code in (*taxonomy.gates(), *taxonomy.signs())}
for code, found in flags.items():
    print(f"{code:26} recall {found.recall}  precision {found.precision}  asked {found.asked}  traps raised {found.traps}")
figure, axes = plt.subplots(figsize=(8, 5))
axes.barh([f"{code} 查准" for code in flags], [f.precision.hits / max(1, f.precision.n) for f in flags.values()], color="tab:blue")
axes.barh([f"{code} 查全" for code in flags], [f.recall.hits / max(1, f.recall.n) for f in flags.values()], color="tab:orange")
axes.tick_params(labelsize=6)
axes.set(xlim=(0, 1), title="红线和风险信号")
figure.tight_layout()
plt.show()

# %% [markdown]
# ## A source that was never seen
#
# The corpus alone against each source of the real texts, then a model that also learnt from the other sources: what a new
# county may expect, and what it gains when its neighbours have confirmed their cases.

# %%
if "real" in sets and EVERY == 1:
    sources = [json.loads(line)["source"] for line in REAL.read_text(encoding="utf-8").splitlines()]
    corpus = train.examples(train.shipped_corpus(), kinds)
    for source in sorted(set(sources)):
        left = [row for row, name in zip(sets["real"], sources) if name == source]
        rest = [row for row, name in zip(sets["real"], sources) if name != source]
        alone, more = train.evaluate(model, left), train.evaluate(train.fit([*corpus, *rest]).weights_, left)
        print(f"{source:14} n={len(left):3}  corpus alone {alone.accuracy:.3f}  with the other sources {more.accuracy:.3f}")
else:
    print("the measuring texts are not here, or only a sample is looked at")
