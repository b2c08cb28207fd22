"""The words that bring in what somebody says."""

from __future__ import annotations

import re

CUES = (
    r"sa(?:id|ys|y|ying)|t(?:old|ells|elling)|add(?:ed|s|ing)|announc(?:ed|es|ing)|stat(?:ed|es)|warn(?:ed|s|ing)"
    r"|ask(?:ed|s)"
    r"|repl(?:ied|ies)|insist(?:ed|s|ing)|explain(?:ed|s|ing)|wr(?:ote|ites|iting)|tweet(?:ed|s)|post(?:ed|s)"
    r"|claim(?:ed|s|ing)"
    r"|not(?:ed|es|ing)|stress(?:ed|es|ing)|argu(?:ed|es|ing)|declar(?:ed|es|ing)|alleg(?:ed|es|ing)"
    r"|acknowledg(?:ed|es)|admit(?:ted|s)"
    r"|confirm(?:ed|s|ing)|den(?:ied|ies|ying)|suggest(?:ed|s|ing)|call(?:ed|ing)|describ(?:ed|es|ing)"
    r"|continu(?:ed|es)|recall(?:ed|s)"
    r"|respond(?:ed|s|ing)|testif(?:ied|ies)|predict(?:ed|s)|pledg(?:ed|es)|vow(?:ed|s|ing)|promis(?:ed|es)"
    r"|urg(?:ed|es|ing)|complain(?:ed|s)"
    r"|conclud(?:ed|es)|observ(?:ed|es)|remark(?:ed|s)|commented|quipped|joked|shouted|exclaimed|emphasi[sz](?:ed"
    r"|es|ing)|accus(?:ed|es|ing)"
    r"|blam(?:ed|es|ing)|quoted as saying|tout(?:ed|s)|lament(?:ed|s)|cautioned|boasted|reported|reiterated"
    r"|asserted|maintained|hailed|slammed"
    r"|condemn(?:ed|s|ing)|praised|dismissed|rejected|branded|labell?ed|accept(?:ed|s)|reveal(?:ed|s)|disclosed"
    r"|indicated|agreed|answered"
    r"|counter(?:ed|s)|contend(?:ed|s)|conced(?:ed|es)|assert(?:s|ing)|caution(?:s|ing)|confess(?:ed|es)|hint(?:ed|s)"
    r"|reckon(?:ed|s)|retort(?:ed|s)|recount(?:ed|s)|proclaim(?:ed|s)|underlin(?:ed|es)|underscor(?:ed|es)"
    r"|elaborat(?:ed|es)|opin(?:ed|es)|clarif(?:ied|ies)|chanted|assur(?:ed|es)|denounc(?:ed|es)|decried|deplored"
    r"|calls|describes|brands|labels|slams|hails|praises|condemns|denounces|blasts|blasted|dubs|dismisses|accuses|blames"
    r"|bemoaned|thunder(?:ed|s)|fum(?:ed|es)|enthus(?:ed|es)|grumbl(?:ed|es)|whispered|pleaded|pleads"
)
# Beside the marks these say who speaks; elsewhere they mean other things as well.
BESIDE = (
    r"protest(?:ed|s)|read(?:s)?|cr(?:ied|ies)|yell(?:ed|s)|scream(?:ed|s)|mutter(?:ed|s)|murmur(?:ed|s)|sigh(?:ed|s)"
    r"|sob(?:bed|s)|wept|weeps|laugh(?:ed|s)|smil(?:ed|es)|shrug(?:ged|s)|snap(?:ped|s)|scoff(?:ed|s)|mus(?:ed|es)|rag(?:ed|es)|roar(?:ed|s)"
    r"|gush(?:ed|es)|bellow(?:ed|s)|chid(?:ed|es)|crow(?:ed|s)|deadpanned|demand(?:ed|s)|fret(?:ted|s)|implor(?:ed|es)"
    r"|interject(?:ed|s)|interrupted|inton(?:ed|es)|marvel(?:led|ed|s)|moan(?:ed|s)|offer(?:ed|s)|rant(?:ed|s)|reason(?:ed|s)"
    r"|reflect(?:ed|s)|rejoined|remember(?:ed|s)|repeat(?:ed|s)|sneer(?:ed|s)|speculat(?:ed|es)|stammered|swore|swears"
    r"|taunt(?:ed|s)|teas(?:ed|es)|theori[sz](?:ed|es)|venture(?:d|s)|volunteer(?:ed|s)|wonder(?:ed|s)|worr(?:ied|ies)"
    r"|beg(?:ged|s)|advis(?:ed|es)|greet(?:ed|s)|chim(?:ed|es) in|hit back|hits back|point(?:ed|s) out|shot back"
    r"|summ(?:ed|ing) up|went on|goes on|boast(?:s)?|joke(?:s)?|exclaim(?:s)?|comment(?:s)?|answer(?:s)?|agree(?:s)?"
    r"|shout(?:s)?|believes|thinks|vent(?:ed|s)|cheer(?:ed|s)|sang|sings|hiss(?:ed|es)|growl(?:ed|s)|cackled|gasp(?:ed|s)|quip(?:s)?"
    r"|informed|inquired|beam(?:ed|s)|boom(?:ed|s)|chuckl(?:ed|es)|grinn?(?:ed|s)|gloat(?:ed|s)|grip(?:ed|es)|groan(?:ed|s)"
    r"|howl(?:ed|s)|huff(?:ed|s)|rail(?:ed|s)|rav(?:ed|es)|reassur(?:ed|es)|recit(?:ed|es)|shriek(?:ed|s)|snarl(?:ed|s)"
    r"|sniff(?:ed|s)|snort(?:ed|s)|spat|text(?:ed|s)|wail(?:ed|s)|whin(?:ed|es)|emailed|blogged|deadpans|parried|philosophi[sz]ed"
    r"|remonstrated|admonished|chastised|bragg?(?:ed|s)|prais(?:ed|es)|relay(?:ed|s)|reveals|discloses|tells|testifies"
)
CUE = re.compile(rf"(?<![\w-])(?:{CUES})\b")
# "The claims", "his promises": a noun.
_DETERMINED = re.compile(r"\b(?:the|its|his|her|their|these|those|such|all|some|any)\s$", re.IGNORECASE)
CUE_BESIDE = re.compile(rf"(?<![\w-])(?:{CUES}|{BESIDE})\b")
# Verbs that bring in what was said without marks; the second kind needs "that" to tell a saying from an act.
_SAID = "said says say told insisted claimed argued added wrote believes".split()
_WEAK = (
    "warned warns denied denies hinted fears reckons estimates predicts insists argues claims admits admitted suspects "
    "concedes conceded confirmed alleges alleged predicted".split()
)
_WITH_THAT = (
    "announced stated warned explained noted stressed declared alleged confirmed denied reported found hinted implied "
    "acknowledged admitted estimated estimates ruled feared fears hoped hopes boasted complained cautioned conceded "
    "contended maintained reiterated asserted indicated remarked underlined disclosed joked agreed suggested predicted "
    "pledged vowed promised emphasised emphasized concluded testified replied recalled observed insists argues claims "
    "warns notes stresses explains announces states suggests reports shows finds acknowledges admits revealed estimate "
    "allege claim fear insist argue warn admit deny confirm predict believe suggest acknowledge stress report announce "
    "explain hope maintain contend complain agree conclude state".split()
)
SAYING = re.compile(
    rf"\b(?:said to have \w+ed that|(?:{'|'.join(_SAID)})\b(?! to)|(?P<weak>{'|'.join(_WEAK)})\b(?! (?:to|that)\b)"
    rf"|(?:{'|'.join(_WITH_THAT)}|assured \w+)(?= that\b))"
)
# "Prices will fall, analysts predict." "…, the council said on Monday."
_TRAILING = (
    "said says say warned warns warn predicted predicts predict estimated estimates estimate believes believe reckons "
    "reckon suggested suggests suggest argued argues argue claimed claims claim announced announce confirmed confirms "
    "confirm reported reports report added adds fears fear noted notes insisted insists showed shows show recalled "
    "alleged allege acknowledged admitted wrote stated explained".split()
)
TRAILING = re.compile(
    rf",\s+(?P<who>(?:[\w’'&.-]+\s+){{1,9}}?)(?:also\s+)?(?P<cue>{'|'.join(_TRAILING)}|told \w+)"
    r"(?:\s+(?:on|in|at|late|early|during|by|after|before|yesterday|today|last|this)\b[^,\"“”]{0,60})?[.\s]*$"
)
ACCORDING = re.compile(r"\b(?P<cue>[Aa]ccording to|[Ii]n the words of|[Aa]s (?:told|related) by)\s+")
# Where none of these words stands, none of these three patterns is found: "words" is of "in the words of".
REPORTING = frozenset(
    (*_SAID, *_WEAK, *_WITH_THAT, *_TRAILING, "assured", "According", "according", "words", "related")
)


def last_cues(text: str, start: int, stop: int) -> list[re.Match[str]]:
    """Return the last cues between two places that are verbs, the last first."""
    cues = list(CUE.finditer(text, start, stop))[-6:]
    return [cue for cue in reversed(cues) if not _DETERMINED.search(text, max(start, cue.start() - 8), cue.start())]
