"""Lines of the lexicon say what predicates mean, and CAMEO's patterns compile to such lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deploy.models.cameo import compile_patterns
from pipeline.stages.extract.events.lexicon import MARKS, Lexicon, lexicon

CAMEO = """
&WEAPON
+RIFLE
+ROCKET_LAUNCHER
+TANK

####### VERB PATTERNS #######
---  HACK   [---]  ---
HACK
- * (INTO COMPUTER)                                   [176]         # HACK
- * &WEAPON                                           [194]
- + * ROCKET                                          [193]         # HACK
- * PLOT                                              [---]         # HACK
- * REPORT                                            [010]         # HACK
---  SEND   [---]  ---
DISPATCH
SEND
- * {HUMANITARIAN AID}                                [073]         # SEND
######## TRANSFORMATIONS ##########
"""


def test_pattern_becomes_a_rule_of_its_verb_and_plain_statements_none() -> None:
    lines = compile_patterns(CAMEO)
    assert [line for line in lines if not line.startswith("#")] == [
        "class WEAPON: rifle tank",
        "AID 073: send + humanitarian&aid",
        "ASSAULT 194 heavy-weapons: hack + @WEAPON",
        "COERCE 176 cyber: hack_into + computer",
    ]


def test_sense_fits_by_the_words_beside_it() -> None:
    (kill,) = Lexicon(["class LAW: bill deal", "ASSAULT 1823: kill + man head&state ! @LAW joke"]).verbs["kill"]
    fitting = [{"man"}, {"head", "state"}, {"man", "bill"}, {"head"}, set[str]()]
    assert [kill.fits(words) for words in fitting] == [True, True, False, False, False]


def test_own_lines_come_before_those_of_cameo() -> None:
    for senses in lexicon().verbs.values():
        sources = [sense.rule.partition("/")[0] for sense in senses]
        assert sources == sorted(sources, key=lambda source: source == "cameo")


_LEMMAS = st.sampled_from([*sorted(lexicon().judged_by()), *sorted(MARKS), "table", "green"])


@given(st.sets(_LEMMAS, max_size=6))
def test_only_the_lemmas_that_a_sentence_is_judged_by_decide(lemmas: set[str]) -> None:
    known = lemmas & (lexicon().judged_by() | MARKS)
    assert lexicon().may_speak(known) == lexicon().may_speak(lemmas)
    assert known.isdisjoint(lexicon().sectors) == lemmas.isdisjoint(lexicon().sectors)


def test_a_class_may_be_told_in_several_lines() -> None:
    (call,) = Lexicon(["class GRAVE: farce", "class GRAVE: sham slap&face", "ACCUSE 111: call + @GRAVE"]).verbs["call"]
    assert [call.fits(words) for words in ({"farce"}, {"sham"}, {"slap", "face"}, {"slap"})] == [
        True,
        True,
        True,
        False,
    ]
