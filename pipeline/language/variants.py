"""English verbs whose past has another stem, words that Britain and America spell otherwise, and numbers in plural.

Applied to folded tokens before plurals and the stemmer, to the words of articles and of queries alike. Left out are
forms that are mostly another word, or a noun whose plural would part from it: found, shot, felt, met, rose, fed, saw.
So is labour, which is the name of parties.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_VERBS = (
    "arise:arose,arisen awake:awoke,awoken beat:beaten become:became befall:befell,befallen begin:began,begun "
    "bend:bent bleed:bled blow:blew,blown break:broke,broken breed:bred bring:brought build:built rebuild:rebuilt "
    "burn:burnt buy:bought catch:caught choose:chose,chosen cling:clung come:came creep:crept deal:dealt dig:dug "
    "draw:drew,drawn redraw:redrew,redrawn withdraw:withdrew,withdrawn dream:dreamt drink:drank drive:drove,driven "
    "dwell:dwelt eat:ate,eaten fall:fell,fallen fight:fought flee:fled fling:flung fly:flew,flown "
    "forbid:forbade,forbidden foresee:foresaw,foreseen forget:forgot,forgotten forgive:forgave,forgiven "
    "freeze:froze,frozen give:gave,given go:went,gone undergo:underwent,undergone grow:grew,grown hang:hung "
    "hear:heard overhear:overheard hide:hid,hidden hold:held uphold:upheld withhold:withheld keep:kept kneel:knelt "
    "know:knew,known lay:laid lead:led mislead:misled leap:leapt learn:learnt lend:lent lose:lost make:made "
    "remake:remade mistake:mistook,mistaken overcome:overcame override:overrode,overridden overrun:overran "
    "oversee:oversaw,overseen overtake:overtook,overtaken overthrow:overthrew,overthrown pay:paid repay:repaid "
    "prove:proven ride:rode,ridden ring:rang rise:risen run:ran seek:sought sell:sold resell:resold send:sent "
    "shake:shook,shaken shine:shone show:shown shrink:shrank,shrunk sing:sang,sung sink:sank,sunk slay:slain "
    "sleep:slept slide:slid sneak:snuck speak:spoke,spoken speed:sped spend:spent overspend:overspent spin:spun "
    "spoil:spoilt spring:sprang,sprung stand:stood withstand:withstood understand:understood steal:stole,stolen "
    "stick:stuck sting:stung strike:struck strive:strove,striven swear:swore sweep:swept swell:swollen swim:swam,swum "
    "swing:swung take:took,taken retake:retook,retaken undertake:undertook,undertaken teach:taught tear:tore,torn "
    "tell:told throw:threw,thrown wake:woken wear:wore,worn weave:wove,woven weep:wept win:won write:wrote,written "
    "rewrite:rewrote,rewritten"
)
_BASES = {form: base for entry in _VERBS.split() for base, _, forms in [entry.partition(":")]
          for form in forms.split(",")} | {"programme": "program", "programmes": "programs"}  # fmt: skip

# Of the many words with "ise" those that America writes with a z: not rise, exercise, surprise.
_IZED = (
    "agon|apolog|author|brutal|capital|central|character|civil|colon|commercial|critic|criminal|crystall|custom|"
    "decentral|decriminal|demobil|democrat|demon|demoral|destabil|digital|digit|dramat|econom|emphas|energ|equal|"
    "familiar|fantas|fertil|final|formal|galvan|general|global|harmon|hospital|ideal|immobil|immun|individual|"
    "industrial|institutional|international|jeopard|legal|legitim|liberal|local|marginal|material|maxim|mechan|memor|"
    "mesmer|demilitar|militar|minim|mobil|modern|monet|monopol|moral|national|denational|natural|neutral|normal|optim|"
    "organ|disorgan|reorgan|ostrac|oxid|patron|penal|personal|polar|depolar|politic|popular|pressur|priorit|privat|"
    "public|deradical|radical|rational|real|recogn|regular|revital|revolution|sanit|scrutin|secular|sensational|social|"
    "special|stabil|standard|steril|stigmat|subsid|summar|symbol|sympath|synchron|systemat|tantal|terror|theor|"
    "traumat|trivial|union|urban|util|vandal|victim|visual|weapon|western"
)
_OR = (
    "ard|arm|behavi|misbehavi|cand|clam|col|discol|demean|misdemean|endeav|fav|disfav|ferv|flav|harb|hon|dishon|hum|"
    "neighb|od|ranc|rig|rum|savi|sav|splend|tum|val|vap|vig"
)
_ER = "amphitheat|calib|cent|centimet|epicent|fib|kilomet|lit|lust|meag|met|millilit|millimet|sab|somb|spect|theat"
_BEGINNINGS = dict(
    pair.split(":")
    for pair in (
        "aeroplane:airplane aluminium:aluminum anaem:anem anaesth:anesth archaeolog:archeolog artefact:artifact "
        "catalogu:catalog counsellor:counselor defence:defense dialle:diale dialli:diali diarrhoea:diarrhea duell:duel "
        "encyclopaed:encycloped foet:fet fuell:fuel gynaecolog:gynecolog haemo:hemo jewellery:jewelry "
        "judgement:judgment leukaem:leukem licence:license mediaeval:medieval moustache:mustache oestrogen:estrogen "
        "offence:offense orthopaed:orthoped paediatric:pediatric palaeo:paleo plough:plow practise:practice "
        "practising:practicing pretence:pretense refuell:refuel sceptic:skeptic skilful:skillful "
        "smoulder:smolder sulph:sulf wilful:willful yoghurt:yogurt"
    ).split()
)
_OPENING = 3
_SPELT = re.compile(
    rf"(?P<z>(?:un)?(?:{_IZED})i)s(?P<ze>e[drs]?|ers|ing|ations?|able)"
    r"|(?P<y>anal|catal|paral)ys(?P<yze>e[drs]?|ers|ing)"
    rf"|(?P<o>(?:un)?(?:{_OR})o)u(?P<r>r.*)"
    rf"|(?P<e>{_ER})re(?P<er>s|d)?"
    rf"|(?P<begins>{'|'.join(_BEGINNINGS)})(?P<rest>.*)"
    r"|manoeuvr(?P<man>e[ds]?|ing)"
)
# Every word that has another spelling begins with one of these: the others, which are most, are not searched.
_OPENINGS = frozenset(
    opening[:_OPENING]
    for spelt in (
        *(f"{word}is" for word in _IZED.split("|")),
        *(f"{word}ou" for word in _OR.split("|")),
        *(f"{word}re" for word in _ER.split("|")),
        *_BEGINNINGS,
        "analys",
        "catalys",
        "paralys",
        "manoeuvr",
    )
    for opening in (spelt, f"un{spelt}")
)
# F16s and 737s, but neither the decades 80s and 1980s nor the 5s of a telephone.
_NUMBERED = re.compile(r"(?!\d0s|\d{3}0s)\w+\ds")


def one_form(token: str) -> str:
    """Return the form that stands for all forms and spellings of a folded English word, where Snowball has several."""
    base = _BASES.get(token)
    if base is not None:
        return base
    if token[-1] == "s" and _NUMBERED.fullmatch(token):
        return token[:-1]
    found = _SPELT.fullmatch(token) if token[:_OPENING] in _OPENINGS else None
    return _respelt(found) if found else token


def one_forms(tokens: Sequence[str]) -> list[str]:
    """Return ``one_form`` of each token, in less time where there are many."""
    openings, bases = _OPENINGS, _BASES
    # Of words that end in s only those that are numbered may have another form.
    return [
        bases.get(t) or (one_form(t) if t[:_OPENING] in openings or (t[-1] == "s" and t[-2:-1].isdigit()) else t)
        for t in tokens
    ]


def _respelt(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "ze":
            return f"{found['z']}z{found['ze']}"
        case "yze":
            # Not the plural of analysis.
            return found[0] if found["yze"] == "es" else f"{found['y']}yz{found['yze']}"
        case "r":
            return f"{found['o']}{found['r']}"
        case "rest":
            return _BEGINNINGS[found["begins"]] + found["rest"]
        case "man":
            return "maneuver" + {"e": "", "es": "s", "ed": "ed"}.get(found["man"], "ing")
        case _:
            return f"{found['e']}er" + {"s": "s", "d": "ed"}.get(found["er"], "")
