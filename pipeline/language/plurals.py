"""Plurals that Snowball does not bring together with their singular: rules and lists for the large languages.

Applied to folded tokens (without case and accents) before the stemmer, to the words of articles and of queries alike: a
rule need not give the dictionary's singular, only the same form for both. Forms that are mostly another word stay as
they are (English ``lives``, ``leaves``). The lists are our own, of words that news use.
"""

from __future__ import annotations

from collections.abc import Sequence


def _pairs(text: str) -> dict[str, str]:
    """Read ``singular:plural,plural`` entries."""
    found = {}
    for entry in text.split():
        base, _, forms = entry.partition(":")
        found.update(dict.fromkeys(forms.split(","), base))
    return found


_IRREGULAR: dict[str, dict[str, str]] = {
    "en": _pairs(
        "child:children man:men woman:women person:people,persons mouse:mice louse:lice foot:feet tooth:teeth "
        "goose:geese ox:oxen wolf:wolves knife:knives wife:wives half:halves thief:thieves shelf:shelves loaf:loaves "
        "calf:calves self:selves elf:elves scarf:scarves hoof:hooves crisis:crises analysis:analyses thesis:theses "
        "hypothesis:hypotheses phenomenon:phenomena criterion:criteria bacterium:bacteria medium:media datum:data "
        "stimulus:stimuli alumnus:alumni nucleus:nuclei fungus:fungi index:indices appendix:appendices matrix:matrices "
        "vertex:vertices radius:radii focus:foci syllabus:syllabi curriculum:curricula memorandum:memoranda "
        "referendum:referenda stadium:stadia millennium:millennia axis:axes oasis:oases diagnosis:diagnoses "
        "emphasis:emphases parenthesis:parentheses synthesis:syntheses cactus:cacti terminus:termini penny:pence "
        "brother:brethren die:dice quiz:quizzes bus:buses,busses gas:gases,gasses plateau:plateaux bureau:bureaux "
        "genus:genera grandchild:grandchildren schoolchild:schoolchildren stepchild:stepchildren neurosis:neuroses "
        "prognosis:prognoses paralysis:paralyses ellipsis:ellipses candelabrum:candelabra addendum:addenda "
        "automaton:automata virus:viruses campus:campuses bonus:bonuses census:censuses status:statuses "
        "chorus:choruses consensus:consensuses lens:lenses surplus:surpluses octopus:octopuses,octopi "
        "hippopotamus:hippopotamuses,hippopotami walrus:walruses circus:circuses dwarf:dwarves"
    ),
    "fr": _pairs(
        "travail:travaux oeil:yeux monsieur:messieurs madame:mesdames mademoiselle:mesdemoiselles vitrail:vitraux "
        "bail:baux ciel:cieux corail:coraux email:emaux soupirail:soupiraux aieul:aieux oeuf:oeufs boeuf:boeufs "
        "loi:lois roi:rois pneu:pneus bleu:bleus landau:landaus jeu:jeux lieu:lieux enjeu:enjeux voeu:voeux "
        "cheveu:cheveux feu:feux neveu:neveux milieu:milieux adieu:adieux aveu:aveux hebreu:hebreux dieu:dieux "
        "pieu:pieux essieu:essieux noeud:noeuds banlieue:banlieues bijou:bijoux caillou:cailloux chou:choux "
        "genou:genoux hibou:hiboux joujou:joujoux pou:poux"
    ),
    "de": _pairs(
        "firma:firmen museum:museen thema:themen,themata konto:konten,kontos zentrum:zentren bus:busse,bussen "
        "risiko:risiken villa:villen stadion:stadien praxis:praxen datum:daten visum:visa,visen virus:viren "
        "drama:dramen album:alben material:materialien prinzip:prinzipien atlas:atlanten lexikon:lexika,lexiken "
        "euro:euros drache:drachen basis:basen komma:kommata saldo:salden kaktus:kakteen "
        "mineral:mineralien fossil:fossilien reptil:reptilien adverb:adverbien kolleg:kollegien veto:vetos "
        "radius:radien bonus:boni malus:mali index:indizes,indices embryo:embryonen globus:globen zyklus:zyklen "
        "organismus:organismen mechanismus:mechanismen epos:epen pharao:pharaonen kapital:kapitalien skala:skalen "
        "arena:arenen razzia:razzien pizza:pizzen agenda:agenden propaganda:propaganden forum:foren "
        "datenbank:datenbanken "
        "votum:voten quantum:quanten individuum:individuen universum:universen serum:seren "
        "syndikus:syndizi modus:modi status:stati mythos:mythen rhythmus:rhythmen virtuose:virtuosen allee:alleen "
        "auto:autos foto:fotos buro:buros kino:kinos team:teams job:jobs park:parks streik:streiks chef:chefs"
    ),
    "es": {},
    "it": _pairs(
        "uomo:uomini osso:ossa tempio:templi bue:buoi dio:dei,iddii uovo:uova dito:dita braccio:braccia paio:paia "
        "ginocchio:ginocchia labbro:labbra lenzuolo:lenzuola grido:grida muro:mura ciglio:ciglia migliaio:migliaia "
        "centinaio:centinaia miglio:miglia mille:mila ala:ali arma:armi"
    )
    | {"dei": "dei"},
    "pt": _pairs(
        "pao:paes cao:caes alemao:alemaes capitao:capitaes escrivao:escrivaes mao:maos irmao:irmaos cidadao:cidadaos "
        "orfao:orfaos orgao:orgaos cristao:cristaos sotao:sotaos pagao:pagaos bencao:bencaos grao:graos "
        "facil:faceis dificil:dificeis util:uteis inutil:inuteis projetil:projeteis reptil:repteis fossil:fosseis "
        "textil:texteis movel:moveis automovel:automoveis imovel:imoveis possivel:possiveis impossivel:impossiveis "
        "lei:leis rei:reis mes:meses deus:deuses gas:gases pais:paises voz:vozes"
    ),
    "nl": _pairs(
        "kind:kinderen kleinkind:kleinkinderen ei:eieren stad:steden hoofdstad:hoofdsteden schip:schepen lid:leden "
        "kamerlid:kamerleden raadslid:raadsleden weg:wegen snelweg:snelwegen dag:dagen museum:musea koe:koeien "
        "volk:volken,volkeren lied:liederen rund:runderen blad:bladen,bladeren datum:data gat:gaten oorlog:oorlogen "
        "god:goden slot:sloten smid:smeden kleed:kleden,kleren rad:raderen hof:hoven pad:paden dak:daken spel:spelen "
        "bad:baden glas:glazen vat:vaten graf:graven hol:holen lot:loten schot:schoten verdrag:verdragen bevel:bevelen "
        "gebrek:gebreken gebed:gebeden centrum:centra,centrums medium:media publicum:publica visum:visa vlo:vlooien "
        "lam:lammeren kalf:kalveren gemoed:gemoederen gelid:gelederen been:beenderen hertog:hertogen wolf:wolven"
    ),
    "sv": _pairs(
        "bok:bocker,bockerna fot:fotter,fotterna bror:broder,broderna,brodrar dotter:dottrar,dottrarna mor:modrar "
        "far:fader,faderna oga:ogon,ogonen ora:oron,oronen rot:rotter,rotterna gas:gass mus:moss,mossen "
        "museum:museer,museerna nyckel:nycklar,nycklarna van:vanner,vannerna man:man,mannen "
        "centrum:centra laboratorium:laboratorier gymnasium:gymnasier stadium:stadier tand:tander bonde:bonder "
        "son:soner,sonerna stad:stader,staderna hand:hander,handerna land:lander,landerna"
    ),
    "da": _pairs(
        "mand:maend,maendene barn:born,bornene hand:haender,haenderne bror:brodre,brodrene far:faedre,faedrene "
        "mor:modre,modrene datter:dotre,dotrene nat:naetter tand:taender,taenderne stad:staeder ko:koer,koerne "
        "gas:gaes oje:ojne,ojnene kraft:kraefter,kraefterne museum:museer,museerne,museet "
        "soster:sostre,sostrene tang:taenger by:byer,byerne bog:boger,bogerne fod:fodder,fodderne rod:rodder "
        "centrum:centre,centrene,centret medlem:medlemmer,medlemmerne vej:veje,vejene so:soer politiker:politikere"
    ),
    "no": _pairs(
        "mann:menn,mennene hand:hender,hendene fot:fotter,fottene by:byer,byene,byen bror:brodre,brodrene "
        "far:fedre,fedrene "
        "mor:modre,modrene datter:dotre,dotrene natt:netter,nettene tann:tenner,tennene sted:steder,stedene "
        "ku:kyr,kuer gas:gjess oye:oyne,oynene kraft:krefter,kreftene museum:museer,museene,museet rot:rotter,rottene "
        "tre:traer,traerne kne:knaer,knaerne bok:boker,bokene bonde:bonder,bondene soster:sostre,sostrene "
        "medlem:medlemmer,medlemmene,medlemmet departement:departementer,departementene sko:skoene,skoen stat:stater"
    ),
    "ru": _pairs(
        "человек:люди,людей,людям,людьми,людях "
        "ребенк:ребенок,дети,детей,детям,детьми,детях,ребята,ребят,ребятам,ребятами котенк:котята цыпленк:цыплята "
        "друг:друзья,друзей,друзьям,друзьями,друзьях сын:сыновья,сыновей,сыновьям,сыновьями,сыновьях "
        "мать:матери,матерью,матерей,матерям,матерями,матерях дочь:дочери,дочерью,дочерей,дочерям,дочерями,дочерях "
        "небо:небеса,небес,небесам,небесах чудо:чудеса,чудес,чудесам хозяин:хозяева,хозяев,хозяевам,хозяевами "
        "господин:господа,господ,господам ухо:уши,ушей,ушам,ушами,ушах "
        "окно:окон сосед:соседи,соседей,соседям,соседями,соседях татарин:татары,татар болгарин:болгары,болгар "
        "рынок:рынка,рынки,рынков,рынку,рынке,рынком,рынкам,рынках,рынками сестра:сестер письмо:писем "
        "девушка:девушек деньги:денег,деньгам,деньгами,деньгах год:лет сосна:сосен деревня:деревень "
        "день:дни,дня,дней,дню,днем,дням,днях,днями,дне отец:отцы,отца,отцов,отцу,отцом "
        "подросток:подростки,подростка,подростков "
        "участок:участка,участки,участков,участке,участках"
    ),
    "ar": _pairs(
        "رجل:رجال طفل:اطفال دوله:دول مدينه:مدن وزير:وزراء رييس:روساء جندي:جنود صاروخ:صواريخ قوه:قوات يوم:ايام كتاب:كتب "
        "بيت:بيوت مدرسه:مدارس طالب:طلاب,طلبه حزب:احزاب شارع:شوارع سلاح:اسلحه ملك:ملوك شهيد:شهداء قتيل:قتلي "
        "جريح:جرحي سجين:سجناء قانون:قوانين حرب:حروب خبر:اخبار قايد:قاده مواطن:مواطنين,مواطنون زعيم:زعماء سفير:سفراء "
        "شهر:اشهر,شهور سنه:سنوات,سنين عام:اعوام حدود:حدود سعر:اسعار بنك:بنوك مشروع:مشاريع مركز:مراكز منطقه:مناطق "
        "قريه:قري قضيه:قضايا ضحيه:ضحايا هدف:اهداف ضابط:ضباط لاجي:لاجيين,لاجيون خبير:خبراء عالم:علماء عامل:عمال "
        "نايب:نواب عضو:اعضاء اسير:اسري سوق:اسواق شركه:شركات طايره:طايرات,طوايير سفينه:سفن عقوبه:عقوبات انتخاب:انتخابات"
    ),
    "tr": _pairs("il:iller ev:evler el:eller is:isler ay:aylar at:atlar su:sular uc:uclar oy:oylar ad:adlar"),
    "ro": _pairs(
        "om:oameni,oamenii,oamenilor copil:copii,copiii,copiilor oras:orase,orasele,oraselor femeie:femei,femeile,"
        "femeilor alegere:alegeri,alegerile,alegerilor ministru:ministri,ministrii,ministrilor ou:oua,ouale"
    ),
    "el": _pairs("παιδι:παιδια χωριο:χωρια"),
    "hu": _pairs("ferfi:ferfiak no:nok lo:lovak to:tavak ko:kovek gyerek:gyerekek"),
    "fi": _pairs(
        "mies:miehet,miehen,miesten,miehia kasi:kadet,kaden,kasien vesi:vedet,veden,vetta lapsi:lapset,lapsen,lasten "
        "kaupunki:kaupungit,kaupungin,kaupungissa maa:maat,maan,maiden tyo:tyot,tyon,toiden vaali:vaalit,vaalien "
        "vaali:vaaleja"
    ),
}  # fmt: skip

# What Turkish writes on to a plural; folded, so that one letter stands for two vowels.
_TURKISH_CASES = ("", "i", "in", "e", "de", "den", "le", "a", "da", "dan", "la", "ini", "ine", "inde", "inden", "inin",
                  "ina", "inda", "indan", "imiz", "iniz")  # fmt: skip

# Behind an article the stemmer takes more away than from the word alone.
_IRREGULAR["ar"] |= {base: base for base in _IRREGULAR["ar"].values()}

# (end of the word, what stands for it, letters that must stand before it)
_Rule = tuple[str, str, int]
_RULES: dict[str, tuple[_Rule, ...]] = {
    "en": (("men", "man", 3), ("people", "person", 4), ("women", "woman", 3)),
    "fr": (),
    # Not the plural: Serien and Galerien belong to Serie and Galerie.
    "de": (("ium", "ie", 3), ("iums", "ie", 3), ("innen", "in", 3)),
    # Not "les": imposibles belongs to imposible.
    "es": (("z", "ce", 2), ("ades", "ad", 2), ("udes", "ud", 2), ("enes", "en", 2), ("res", "r", 3), ("yes", "y", 2),
           # Without its accent -án and -és are taken for endings: so they must be where the plural shows them.
           ("aneses", "an", 2), ("anes", "an", 2), ("eses", "es", 2)),
    "it": (("ghi", "go", 2), ("ghe", "ga", 2)),
    "pt": (("oes", "ao", 2), ("ais", "al", 3), ("eis", "el", 3), ("ois", "ol", 3), ("uis", "ul", 2), ("vis", "vil", 2),
           ("ns", "m", 3), ("res", "r", 3), ("zes", "z", 2)),
    "nl": (("heden", "heid", 2), ("ici", "icus", 3), ("ea", "eum", 3)),
    "sv": (("erium", "eri", 3),),
    "da": (("erium", "eri", 3),),
    "no": (("erium", "eri", 3),),
    # The plural, граждане, has the stem that is wanted.
    "ru": (("анин", "ане", 2), ("янин", "яне", 2), ("анина", "ане", 2), ("янина", "яне", 2), ("анину", "ане", 2),
           ("янину", "яне", 2), ("анином", "ане", 2), ("янином", "яне", 2), ("енок", "енк", 2), ("енка", "енк", 2)),
    "ar": (("ات", "ه", 3),),
    "tr": tuple((f"{plural}{case}", "", 3) for case in _TURKISH_CASES for plural in ("ler", "lar")),
    "fi": (("iset", "inen", 2), ("isen", "inen", 2), ("isten", "inen", 2), ("isia", "inen", 2)),
}  # fmt: skip

_ENDS = {language: tuple(end for end, _, _ in rules) for language, rules in _RULES.items()}

# Words that end like a plural and are none, or whose plural a rule would take for another word's.
_KEPT: dict[str, frozenset[str]] = {
    "en": frozenset("omen abdomen specimen regimen acumen semen yemen hymen stamen ramen bitumen cyclamen".split()),
    "de": frozenset("drinnen binnen innen sinnen beginnen gewinnen spinnen rinnen entrinnen besinnen zinnen".split()),
    "es": frozenset("interes estres cipres andres tres mercedes paredes ustedes quienes bienes viernes".split()),
    "pt": frozenset(
        "mais pais jamais demais cais seis dois depois pois reis leis tres atras ingles apenas menos".split()
    ),
    "nl": frozenset("verleden heden beneden tevreden overleden oceanea guinea".split()),
}


# Languages whose genitive is the word with an s: "mens", "mäns".
_GENITIVE = frozenset(("en", "sv", "da", "no"))
# The article with and without what is written on to it, and "and".
_ARABIC_ARTICLES = ("ال", "وال", "بال", "لل", "و")


def singular(token: str, language: str) -> str:
    """Return the form that stands for both numbers of a folded word in a language with a stemmer."""
    if language == "ar":
        # Folding made ة a ه; the stemmer takes the one away where it leaves the other.
        found = _singular(token, language)
        return f"{found[:-1]}ة" if found.endswith("ه") else found
    return _singular(token, language)


def singulars(tokens: Sequence[str], language: str) -> Sequence[str]:
    """Return ``singular`` of each token, in less time where there are many: most end like no plural."""
    irregular = _IRREGULAR.get(language)
    if irregular is None:
        return tokens
    if language == "ar":
        return [singular(token, language) for token in tokens]
    ends, genitive = _ENDS.get(language, ()), "s" if language in _GENITIVE else None
    return [
        irregular.get(t)
        or (_singular(t, language) if t.endswith(ends) or (t[-1:] == genitive and t[:-1] in irregular) else t)
        for t in tokens
    ]


def _singular(token: str, language: str) -> str:
    irregular = _IRREGULAR.get(language)
    if irregular is None:
        return token
    known = irregular.get(token)
    if known is not None:
        return known
    if language == "ar" and token.startswith(_ARABIC_ARTICLES):
        found = _without_article(token, irregular)
        if found or not token.startswith("و"):
            return found or token
    if language in _GENITIVE and token.endswith("s") and token[:-1] in irregular:
        return irregular[token[:-1]]
    return _by_rule(token, language)


def _without_article(token: str, irregular: dict[str, str]) -> str | None:
    """Look up what stands behind the article; the stemmer takes regular plurals with one apart itself."""
    rests = [token[len(article) :] for article in _ARABIC_ARTICLES if token.startswith(article)]
    return next((irregular[rest] for rest in rests if rest in irregular), None)


def _by_rule(token: str, language: str) -> str:
    if not token.endswith(_ENDS.get(language, ())) or token in _KEPT.get(language, ()):
        return token
    for end, base, before in _RULES[language]:
        if token.endswith(end) and len(token) >= len(end) + before:
            return token[: -len(end)] + base
    return token
