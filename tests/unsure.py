"""A text of which the reader is not sure whether it tells of a crime: which one that is, the shipped model decides."""

import json
from functools import lru_cache

import matching
from talent_pool.files import data_dir


@lru_cache(maxsize=1)
def an_unsure_text(code: str = "crime_suspected") -> str:
    """Return the first corpus text about which only this gate is asked, and of whose type the reader is sure."""
    for path in sorted((data_dir() / "corpus").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            text: str = json.loads(line)["text"]
            reading = matching.read(text)
            asked = {hit.code for hit in reading.asks if hit.article}
            if asked == {code} and not reading.gates and not reading.abstain:
                return text
    raise LookupError(code)
