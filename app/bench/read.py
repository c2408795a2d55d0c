"""`diandan bench read`: how long it takes to read a quarrel, each text another one."""

import json
import statistics
import subprocess
import sys
import time
from typing import Any

import matching
from app.bench.http import texts

DEFAULT = 500
START = "import time; t = time.perf_counter(); import matching; matching.read({text!r}); print(time.perf_counter() - t)"


def measure(size: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return milliseconds per text (p50, p99) and seconds from an empty process to its first answer."""
    told = [json.loads(body)["text"] for body in texts(max(size or (DEFAULT,)))]
    matching.read("热身")
    took = []
    for text in told:
        began = time.perf_counter()
        matching.read(text)
        took.append(1000 * (time.perf_counter() - began))
    cuts = statistics.quantiles(took, n=100)
    return {
        "texts": len(told),
        "characters_median": statistics.median(map(len, told)),
        "ms_per_text_p50": round(cuts[49], 3),
        "ms_per_text_p99": round(cuts[98], 3),
        "first_answer_seconds": round(_cold(told[0]), 2),
    }


def _cold(text: str) -> float:
    command = [sys.executable, "-c", START.format(text=text)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    return float(done.stdout)
