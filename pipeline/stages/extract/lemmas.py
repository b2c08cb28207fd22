"""Find the base form of an English word by rules and a short table of irregular words."""

from __future__ import annotations

from functools import lru_cache

_IRREGULAR = {
    form: lemma
    for lemma, forms in (
        entry.split(":")
        for entry in (
            "be:am is are was were been being 's 're 'm;have:has had having 've 'd;do:does did done doing;go:goes went gone;say:said says;make:made;"
            "take:took taken;come:came;see:saw seen;give:gave given;get:got gotten;hold:held;meet:met;send:sent;tell:told;"
            "speak:spoke spoken;strike:struck stricken;shoot:shot;fight:fought;seek:sought;break:broke broken;withdraw:withdrew "
            "withdrawn;begin:began begun;bring:brought;think:thought;leave:left;lead:led;keep:kept;lay:laid;lie:lain lying;pay:paid;"
            "fly:flew flown flies;fall:fell fallen;drive:drove driven;blow:blew blown;beat:beaten;shake:shook shaken;sell:sold;buy:bought;find:found;"
            "win:won;lose:lost;sit:sat;stand:stood;rise:rose risen;run:ran;feel:felt;become:became;build:built;spend:spent;"
            "deal:dealt;draw:drew drawn;steal:stole stolen;forgive:forgave forgiven;forbid:forbade forbidden;flee:fled;hide:hid "
            "hidden;throw:threw thrown;overthrow:overthrew overthrown;slay:slew slain;undertake:undertook undertaken;ride:rode "
            "ridden;write:wrote written;know:knew known;show:shown;grow:grew grown;choose:chose chosen;teach:taught;catch:caught;"
            "will:wo 'll;can:ca;not:n't;shall:sha;agree:agreed agreeing;free:freed;man:men;woman:women;person:people persons;child:children;free:freed;"
            "die:died dying;tie:tied tying ties;vow:vowed;police:police;troop:troops;talk:talks;forces:;crisis:crises;summit:summits;welcome:welcomed welcoming;accuse:accused accusing accuses;blockade:blockades;cease-fire:cease-fires"
        ).split(";")
    )
    for form in forms.split()
}
_STAY = frozenset("this his its is was has us police news series species status campus virus always perhaps united red seed need speed bed "
    "during bring king ring sing thing spring string nothing something anything wedding ceiling building bus gas christmas "
    "hundred embed exceed proceed succeed feed indeed speed congress chess business illness less progress press process "
    "access address princess express dress analysis basis diplomatic moslem various religious serious previous thus plus".split())  # fmt: skip
_VOWELS = "aeiou"
_NEED_E = (
    "at", "iz", "is", "us", "as", "os", "nc", "rg", "ng", "dg", "rc", "ag", "eg", "iv", "av", "ov", "lv", "rv", "in", "ir", "ur", "uc", "ac", "ic", "ud",
    "id", "ad", "od", "ok", "ik", "ak", "ol", "il", "ul", "bl", "pl", "kl", "tl", "gl", "dl", "ap", "ip", "op", "ut", "ot", "it", "et", "ub", "ib", "um", "am", "ar", "or", "uk", "eas", "rs", "ns", "ps", "qu", "gu", "au", "ul", "ib", "et", "at",
)  # fmt: skip
_WHOLE_AFTER_CUT = frozenset(
    "visit permit limit commit submit edit credit inherit exploit prohibit exhibit inhibit benefit profit solicit deposit audit orbit "
    "attempt appeal arm alarm claim maim aim reveal deal seal steal heal fail jail assail detain maintain retain sustain contain obtain "
    "train explain complain remain gain abstain broker offer order consider deliver suffer enter gather hover recover bomb kidnap develop "
    "disappear appear hear bear clear fear near threaten happen open reopen widen tighten listen strengthen begin question mention abandon pardon "
    "sanction function condition station mediate target market budget rocket riot pilot revolt halt assault kill boycott acquit "
    "demand command defend attend send extend intend suspend fund found wound pound condemn warn return turn learn govern discern concern "
    "sign resign assign campaign reign join ruin poison imprison reason season summon detonat cooperat broadcast reject expel rebel model travel cancel label "
    "fuel signal control patrol counter murder wander answer differ refer prefer confer transfer defer occur bar monitor honor honour labor labour favor favour harbor harbour censor sponsor tutor doctor "
    "err stir star war fear tear wear veto echo search march launch clash crush push rush ambush publish punish vanish establish abolish demolish "
    "need feed seed proceed exceed repeat defeat treat cheat beat retreat heat eat meet greet tweet shoot loot root vote boost host post test protest arrest request "
    "suspect expect respect inspect protect elect direct react act impact contact attack block talk walk speak leak sneak break look cook book strand".split()
)  # fmt: skip


@lru_cache(maxsize=50_000)
def lemma(word: str) -> str:
    """Return the base form of ``word`` in small letters: "accused" gives "accuse", "talks" gives "talk"."""
    form = word.lower()
    if form in _IRREGULAR:
        return _IRREGULAR[form]
    if form in _STAY or len(form) < 4 or not form.replace("-", "").isalpha():
        return form
    if form.endswith("ies"):
        return form[:-3] + "y"
    if form.endswith("ied"):
        return form[:-3] + "y"
    if form.endswith(("sses", "shes", "ches", "xes", "zes")):
        return form[:-2]
    if form.endswith("s") and not form.endswith(("ss", "us", "is")):
        return form[:-1]
    if form.endswith("ing") and len(form) > 5:
        return _stem(form[:-3])
    if form.endswith("ed"):
        return _stem(form[:-2])
    return form


def _stem(stem: str) -> str:
    """Restore what an ending cut: "agre" gives "agree", "bann" gives "ban", "promis" gives "promise"."""
    if stem in _WHOLE_AFTER_CUT or not any(letter in _VOWELS + "y" for letter in stem):
        return stem
    if stem.endswith("ee"):
        return stem
    if stem.endswith("re") or stem.endswith("ue"):
        return stem + "e" if stem.endswith("gre") else stem
    if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "lsfz":
        return stem[:-1]
    if stem.endswith("ll") and stem[:-1] in _WHOLE_AFTER_CUT:
        return stem[:-1]
    if len(stem) > 2 and stem[-1] not in _VOWELS + "wxy" and stem[-2] in _VOWELS and stem[-3] in _VOWELS and stem[-1] not in "svcz":
        return stem
    return stem + "e" if stem.endswith(_NEED_E) or stem[-1] in "vcu" else stem
