"""Build the lists of everyday words that stories are told apart by: `python -m deploy.models.everyday`.

Source: the frequencies of the package wordfreq (CC BY-SA 4.0), as the stems that the pipeline makes of them. Scripts
without spaces are read as overlapping bigrams, so those that come of two words side by side are estimated as well.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from pathlib import Path

from wordfreq import available_languages, get_frequency_dict

from pipeline.language.tokens import analyze
from pipeline.stages.deduplicate.weights import LEVELS

OUT = Path(__file__).parents[2] / "pipeline" / "stages" / "deduplicate" / "everyday"
LEAST = 0.00075
TEXT_WORDS = 150
# wordfreq's Serbian is written in Latin letters, together with Croatian and Bosnian; Norwegian goes by another name.
LEFT_OUT = {"sh"}
OTHER_NAMES = {"nb": "no"}
FIRST_UNSPACED = "\u3041"


def frequencies(code: str, language: str) -> dict[str, float]:
    """Return how often each stem is used, as a share of all words."""
    found: defaultdict[str, float] = defaultdict(float)
    lasts: defaultdict[str, float] = defaultdict(float)
    firsts: defaultdict[str, float] = defaultdict(float)
    for word, often in get_frequency_dict(code, "small").items():
        for stem in analyze(word, language).stems:
            found[stem] += often
        if word[0] >= FIRST_UNSPACED:
            lasts[word[-1]] += often
            firsts[word[0]] += often
    rare = LEAST / TEXT_WORDS
    by_first = sorted(firsts.items(), key=lambda item: -item[1])
    for last, often in lasts.items():
        for first, next_often in by_first:
            if often * next_often < rare:
                break
            found[last + first] += often * next_often
    return dict(found)


def levels(often: dict[str, float]) -> dict[float, list[str]]:
    """Sort stems into the levels of shares that the pipeline knows."""
    found: defaultdict[float, list[str]] = defaultdict(list)
    for stem, share_of_words in often.items():
        share = 1 - (1 - min(share_of_words, 1.0)) ** TEXT_WORDS
        if share >= LEAST and any(map(str.isalpha, stem)):
            found[max(level for level in LEVELS if level <= share)].append(stem)
    return found


def main() -> None:
    """Write a list for each language there is."""
    for code in sorted(set(available_languages("small")) - LEFT_OUT):
        language = OTHER_NAMES.get(code, code)
        found = levels(frequencies(code, language))
        lines = [f"{level}: {' '.join(sorted(found[level]))}\n" for level in sorted(found, reverse=True)]
        (OUT / f"{language}.txt.gz").write_bytes(gzip.compress("".join(lines).encode(), mtime=0))


if __name__ == "__main__":
    main()
