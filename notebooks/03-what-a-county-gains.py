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
# # What a county gains from its first cases
#
# A county writes as no register of the corpus does. So each register of the corpus plays the county in turn: the model
# learns from all other registers (cold start) and then from the county's first 25, 50, 100 … confirmed cases as well,
# weighted and capped as at night (`matching.county`), and is measured on cases of the county that it has not seen.
# Texts are invented; what a real county gains is on the product's page 识别.

# %%
import os
import warnings
from collections import defaultdict
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager

from matching import train
from matching.classify import count
from matching.county import capped
from talent_pool import taxonomy

TEXTS = int(os.environ.get("DIANDAN_TEST_TEXTS", "0"))  # the tests run it on few texts; 0: all
STEPS = (0, 25, 50, 100, 200) if not TEXTS else (0, 20)
OFFICERS, WEIGHT = 8, 3.0  # among whom the labels are dealt; how much one counts beside a text of the corpus
REAL = Path("../shared/data/real-dev.jsonl")  # texts for measuring only: used when they are there, never shown

# %%
known = {font.name for font in font_manager.fontManager.ttflist}
wanted = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Zen Hei")
font = next(name for name in wanted if name in known)
plt.rcParams.update({"font.family": font, "axes.unicode_minus": False, "figure.dpi": 90, "axes.spines.top": False, "axes.spines.right": False})
warnings.filterwarnings("error", message=r"Glyph .* missing from")
warnings.filterwarnings("ignore", category=FutureWarning)

# %% [markdown]
# ## Texts by register

# %%
types = frozenset(taxonomy.types())
rows = train.examples(train.shipped_corpus(), types)
order = np.random.default_rng(0).permutation(len(rows))
rows = [rows[at] for at in order[: TEXTS or None]]
seen = count([row.text for row in rows])
registers = np.array([row.register for row in rows])
names, sizes = np.unique(registers, return_counts=True)
counties = [str(name) for name, size in zip(names, sizes) if size >= 2 * max(STEPS) or TEXTS][: 2 if TEXTS else None]
plt.figure(figsize=(7, 0.35 * len(names) + 1))
plt.barh(names, sizes, color=["#1f5f99" if name in counties else "#b8b8b8" for name in names])
plt.title("texts of each register; blue: it plays the county")
plt.show()

# %% [markdown]
# ## The curve
#
# The half of a register that is not learnt from is what is measured on, the same for every step. Calibration leaves out
# whole registers, as in the served model.

# %%
found = defaultdict(dict)
for county in counties:
    inside = np.flatnonzero(registers == county)
    pool, test = inside[: len(inside) // 2], inside[len(inside) // 2 :]
    base = np.flatnonzero(registers != county)
    for step in STEPS:
        own = pool[:step]
        chosen = [*base, *own]
        weights = capped([str(at % OFFICERS) for at in range(len(own))], [WEIGHT] * len(own), float(len(base)))
        model = train.fit([rows[at] for at in chosen], seen.take(chosen), [1.0] * len(base) + weights)
        found[county][step] = train.evaluate(model.weights_, [rows[at] for at in test])
        if step in (0, STEPS[-1]):
            told = train.probabilities(model.weights_, sorted(types), [rows[at].text for at in test])
            found[f"{county} types"][step] = [
                (rows[at].type, sorted(types)[best] in (rows[at].type, *rows[at].also))
                for at, best in zip(test, told.argmax(axis=1))
            ]
{county: {step: round(figures.accuracy, 3) for step, figures in found[county].items()} for county in counties}

# %% [markdown]
# Real texts, where the measuring set is at hand: a half of it plays the county's confirmed cases.

# %%
real = {}
if REAL.exists() and not TEXTS:
    texts = train.examples([REAL], types)
    mixed = [texts[at] for at in np.random.default_rng(1).permutation(len(texts))]
    pool, test = mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]
    for step in (*STEPS, len(pool)):
        weights = capped([str(at % OFFICERS) for at in range(min(step, len(pool)))], [WEIGHT] * min(step, len(pool)), float(len(rows)))
        real[step] = train.evaluate(train.fit([*rows, *pool[:step]], None, [1.0] * len(rows) + weights).weights_, test)
{step: figures.as_json() for step, figures in real.items()}

# %%
for county in counties:
    plt.plot(STEPS, [found[county][step].accuracy for step in STEPS], color="#b8b8b8", marker=".", label=county)
plt.plot(STEPS, [np.mean([found[county][step].accuracy for county in counties]) for step in STEPS], color="#1f5f99", marker="o", label="mean")
if real:
    plt.plot(list(real), [figures.accuracy for figures in real.values()], color="#a33b2a", marker="s", label="real texts")
plt.title("accuracy by confirmed cases of the county")
plt.xlabel("confirmed cases")
plt.legend(fontsize="small")
plt.show()

# %%
for county in counties:
    plt.plot(STEPS, [found[county][step].macro_f1 for step in STEPS], color="#b8b8b8", marker=".")
plt.plot(STEPS, [np.mean([found[county][step].macro_f1 for county in counties]) for step in STEPS], color="#1f5f99", marker="o", label="mean")
if real:
    plt.plot(list(real), [figures.macro_f1 for figures in real.values()], color="#a33b2a", marker="s", label="real texts")
plt.title("macro-F1")
plt.xlabel("confirmed cases")
plt.legend(fontsize="small")
plt.show()

# %% [markdown]
# ## Does it know when it is not sure?

# %%
for name, colour in (("top3", "#1f5f99"), ("accuracy_at_80_coverage", "#3a7d44"), ("ece", "#a33b2a")):
    plt.plot(STEPS, [np.mean([getattr(found[county][step], name) for county in counties]) for step in STEPS], color=colour, marker="o", label=name)
plt.title("top 3, accuracy where sure, calibration error (mean over counties)")
plt.xlabel("confirmed cases")
plt.ylim(0, 1)
plt.legend(fontsize="small")
plt.show()

# %% [markdown]
# ## Which types gain

# %%
right = {step: defaultdict(list) for step in (0, STEPS[-1])}
for county in counties:
    for step in right:
        for type_, hit in found[f"{county} types"][step]:
            right[step][type_].append(hit)
shown = sorted(right[0], key=lambda type_: np.mean(right[STEPS[-1]][type_]) - np.mean(right[0][type_]))
plt.figure(figsize=(7, 0.32 * len(shown) + 1))
places = np.arange(len(shown))
plt.barh(places - 0.2, [np.mean(right[0][type_]) for type_ in shown], height=0.4, color="#b8b8b8", label="cold start")
plt.barh(places + 0.2, [np.mean(right[STEPS[-1]][type_]) for type_ in shown], height=0.4, color="#1f5f99", label=f"after {STEPS[-1]} cases")
plt.yticks(places, [taxonomy.label("types", type_) for type_ in shown])
plt.title("right answers by type")
plt.legend(fontsize="small", loc="lower left")
plt.show()

# %% [markdown]
# The curve is steep at first and flattens: most of what a county teaches are its own words for common quarrels. Types of
# which it confirms few cases gain little. Each point rests on the half of one register, so single curves waver by a few
# points; the mean is what to read.
