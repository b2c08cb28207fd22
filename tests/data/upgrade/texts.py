"""Generate made-up news in nine languages, the same on every run: happenings with several reports, and single pieces.

Every sentence was written for this project. ``happenings`` gives reports that tell of the same thing in other words;
``singles`` gives articles that have little to do with one another.
"""

from __future__ import annotations

import random

CITIES = {
    "en": "Oslo Lisbon Warsaw Nairobi Lima Vienna Ottawa Riga Tallinn Dublin Bergen Porto".split(),
    "de": "Hamburg Leipzig Bremen Graz Basel Rostock Kassel Linz".split(),
    "fr": "Lyon Nantes Lille Bruxelles Genève Brest Toulouse Namur".split(),
    "es": "Sevilla Bogotá Lima Quito Bilbao Montevideo Rosario Valencia".split(),
    "pt": "Lisboa Porto Recife Manaus Coimbra Luanda".split(),
    "ru": "Казань Омск Тверь Пермь Иркутск Самара Томск Псков".split(),
    "ar": "القاهرة عمان تونس الرباط مسقط بيروت الدوحة طنجة".split(),
    "zh": "广州 成都 青岛 西安 昆明 厦门 长沙 大连".split(),
    "ja": "札幌 仙台 長崎 金沢 広島 高松 新潟 那覇".split(),
}
FIRST = "Mira Jonas Elif Tomas Ines Pavel Greta Omar Lidia Henrik Sara Viktor Nadia Emil Rosa Anton".split()
SYLLABLES = {
    "ru": "ва ро ми ле ста ки до ну ра те зо бе".split(),
    "ar": "با را سا مي نو لي دا حا كا يو زي فا".split(),
    "zh": "林 陈 周 吴 郑 孙 何 高 罗 梁 宋 唐".split(),
    "ja": "山 田 川 木 村 森 石 原 野 島 岡 池".split(),
}
LATIN = "bra del kor min sta vel ros tan lim gor hav nes pel dur kas mol".split()

# Per language: happenings, each a list of (title, sentences) that tell of it in different words.
HAPPENINGS: dict[str, list[list[tuple[str, list[str]]]]] = {
    "en": [
        [
            (
                "Ferry {s} runs aground off {c}, {n} taken ashore",
                [
                    "The ferry {s} ran aground on a sandbank off {c} before dawn and {n} passengers were taken ashore in lifeboats.",
                    "Captain {p} said the steering had failed an hour after departure.",
                    '"Nobody was hurt, and that is what counts tonight," {p} told reporters on the quay.',
                    "Divers will look at the hull of the {s} on Thursday.",
                ],
            ),
            (
                "Passengers rescued as {s} ferry is stranded near {c}",
                [
                    "Lifeboats brought {n} people to {c} after the {s}, a car ferry, got stuck on a sandbank in the dark.",
                    "The coast guard blamed a failure of the steering and praised captain {p}.",
                    "Operators said the stranded ferry would be towed free at high tide.",
                ],
            ),
            (
                "Inquiry opens into grounding of the {s}",
                [
                    "Investigators have opened an inquiry into how the ferry {s} came to lie on a sandbank off {c}.",
                    "They want to know why its steering failed and whether captain {p} was warned in time.",
                    "All {n} passengers have meanwhile left the town.",
                ],
            ),
            (
                "Union says crew of {s} had asked for repairs",
                [
                    "The seamen's union in {c} said the crew of the ferry {s} had asked twice for its steering to be repaired.",
                    "The ship ran onto a sandbank with {n} passengers aboard.",
                    "Captain {p} declined to comment while the inquiry lasts.",
                ],
            ),
        ],
        [
            (
                "Minister {p} and union leaders meet in {c} over {s} strike",
                [
                    "Transport minister {p} met union leaders in {c} on Monday to end the strike at the {s} railway works.",
                    "The union rejected an offer of {n} crowns a month and demanded new talks.",
                    '"We are still far apart," {p} said after the meeting.',
                    "The government will present a new offer on Friday.",
                ],
            ),
            (
                "No deal at {s} works as strike goes on",
                [
                    "Workers at the {s} railway works stayed on strike after talks with minister {p} in {c} brought no deal.",
                    "Their union said {n} crowns were too little.",
                    "Trains to the coast were cancelled again.",
                ],
            ),
            (
                "{s} strikers win support from dockers in {c}",
                [
                    "Dockers in {c} said they would stop work for a day in support of the strikers at the {s} railway works.",
                    "The union has turned down {n} crowns a month offered by minister {p}.",
                    "More talks are expected later this week.",
                ],
            ),
        ],
        [
            (
                "Court in {c} acquits mayor {p} of taking bribes from {s}",
                [
                    "A court in {c} acquitted mayor {p} of taking bribes from the builder {s}, citing a lack of proof.",
                    "Prosecutors had accused {p} of accepting {n} crowns for a permit.",
                    "They said they would appeal against the verdict.",
                ],
            ),
            (
                "Mayor {p} cleared in {s} bribery trial",
                [
                    "Mayor {p} walked free on Tuesday when judges found no proof that the builder {s} had bribed city hall in {c}.",
                    "The charge spoke of {n} crowns in envelopes.",
                    "Supporters cheered outside the court.",
                ],
            ),
            (
                "Prosecutors appeal after {p} verdict",
                [
                    "Prosecutors in {c} have appealed against the acquittal of mayor {p}, who was accused of taking {n} crowns in bribes from {s}.",
                    "A higher court will hear the case next year.",
                ],
            ),
        ],
    ],
    "de": [
        [
            (
                "Brand im Lagerhaus {s} in {c}: {n} Menschen in Sicherheit",
                [
                    "Im Lagerhaus {s} in {c} ist in der Nacht ein Brand ausgebrochen, {n} Anwohner wurden in Sicherheit gebracht.",
                    "Feuerwehrchefin {p} sagte, die Flammen seien erst gegen Morgen unter Kontrolle gewesen.",
                    "Verletzt wurde niemand, der Schaden geht in die Millionen.",
                ],
            ),
            (
                "Nach Großbrand bei {s} ermittelt die Polizei",
                [
                    "Nach dem Brand im Lagerhaus {s} in {c} ermittelt die Polizei wegen Brandstiftung.",
                    "Die {n} Anwohner konnten am Nachmittag zurückkehren, teilte Feuerwehrchefin {p} mit.",
                ],
            ),
            (
                "Lagerhaus {s}: Stadt {c} hilft den Anwohnern",
                [
                    "Die Stadt {c} zahlt den {n} Anwohnern, die wegen des Brandes im Lagerhaus {s} ihre Wohnungen verlassen mussten, eine Soforthilfe.",
                    "Feuerwehrchefin {p} dankte den vielen Helfern.",
                ],
            ),
        ],
        [
            (
                "{c} stimmt für neue Brücke über die {s}",
                [
                    "Der Stadtrat von {c} hat am Dienstag dem Bau einer neuen Brücke über die {s} zugestimmt.",
                    "Das Vorhaben kostet {n} Millionen Euro, wie Baudezernentin {p} mitteilte.",
                    "Gegner kündigten eine Klage an.",
                ],
            ),
            (
                "Streit um die {s}-Brücke geht vor Gericht",
                [
                    "Gegner der neuen Brücke über die {s} klagen gegen den Beschluss des Stadtrats von {c}.",
                    "Sie halten die {n} Millionen Euro für verschwendet, Baudezernentin {p} widerspricht.",
                ],
            ),
        ],
    ],
    "fr": [
        [
            (
                "Crue de la {s} : {n} habitants évacués à {c}",
                [
                    "La crue de la {s} a contraint {n} habitants de {c} à quitter leurs maisons dans la nuit.",
                    "La maire {p} a demandé l'aide de l'armée pour renforcer les digues.",
                    "Les écoles resteront fermées jusqu'à jeudi.",
                ],
            ),
            (
                "À {c}, la {s} redescend lentement",
                [
                    "Le niveau de la {s} baisse lentement à {c}, où {n} habitants évacués attendent de rentrer chez eux.",
                    "Les digues ont tenu, a dit la maire {p}, mais la crue a détruit des récoltes.",
                ],
            ),
            (
                "Crue de la {s} : la maire de {c} réclame des digues",
                [
                    "La maire de {c}, {p}, réclame de nouvelles digues après la crue de la {s} qui a chassé {n} habitants.",
                    "Le gouvernement a promis une réponse avant l'hiver.",
                ],
            ),
        ]
    ],
    "es": [
        [
            (
                "Apagón deja sin luz a {n} hogares en {c} tras fallo en {s}",
                [
                    "Un fallo en la central {s} dejó sin luz a {n} hogares de {c} durante la noche.",
                    "La directora {p} pidió disculpas y prometió una investigación.",
                    "Los hospitales funcionaron con generadores.",
                ],
            ),
            (
                "Vuelve la luz a {c} después del apagón de {s}",
                [
                    "La luz volvió el martes a {c} después de que el fallo de la central {s} afectara a {n} hogares.",
                    "La directora {p} explicó que se quemó un transformador.",
                ],
            ),
            (
                "Vecinos de {c} exigen respuestas por el apagón",
                [
                    "Vecinos de {c} exigieron respuestas a la directora {p} por el apagón de la central {s}, que afectó a {n} hogares.",
                    "El ayuntamiento convocó una reunión para el viernes.",
                ],
            ),
        ]
    ],
    "pt": [
        [
            (
                "Ponte {s} fecha em {c} e {n} motoristas mudam de caminho",
                [
                    "A ponte {s} foi fechada em {c} por causa de rachaduras, e {n} motoristas tiveram de mudar de caminho.",
                    "A engenheira {p} disse que as obras vão durar três meses.",
                ],
            ),
            (
                "Obras na ponte {s} de {c} começam na segunda",
                [
                    "As obras na ponte {s}, fechada em {c} por causa de rachaduras, começam na segunda-feira.",
                    "A engenheira {p} calcula que {n} motoristas passam ali por dia.",
                ],
            ),
        ]
    ],
    "ru": [
        [
            (
                "Завод «{s}» в городе {c} остановлен, {n} рабочих отправлены домой",
                [
                    "Завод «{s}» в городе {c} остановил работу после аварии на линии, {n} рабочих отправлены домой.",
                    "Директор {p} заявил, что ремонт займёт неделю.",
                    "Пострадавших нет, сообщили спасатели.",
                ],
            ),
            (
                "Авария на заводе «{s}»: ремонт продлится неделю",
                [
                    "После аварии на заводе «{s}» в городе {c} начался ремонт линии, сообщил директор {p}.",
                    "Зарплату {n} рабочих обещают сохранить.",
                ],
            ),
            (
                "Рабочие завода «{s}» вернулись к станкам",
                [
                    "В городе {c} снова работает завод «{s}», где авария остановила линию и оставила дома {n} рабочих.",
                    "Директор {p} поблагодарил спасателей.",
                ],
            ),
        ]
    ],
    "ar": [
        [
            (
                "إغلاق ميناء {s} في {c} بعد عاصفة وإجلاء {n} شخصا",
                [
                    "أغلقت السلطات ميناء {s} في {c} بعد عاصفة قوية وأجلت {n} شخصا من المنازل القريبة.",
                    "وقال مدير الميناء {p} إن السفن ستنتظر في البحر حتى يوم الخميس.",
                ],
            ),
            (
                "ميناء {s} يعود إلى العمل بعد العاصفة",
                [
                    "عاد ميناء {s} في {c} إلى العمل بعد العاصفة التي أدت إلى إجلاء {n} شخصا.",
                    "وشكر مدير الميناء {p} فرق الإنقاذ على عملها.",
                ],
            ),
        ]
    ],
    "zh": [
        [
            (
                "{c}{s}大桥封闭检修，{n}辆公交车改道",
                [
                    "{c}市交通部门星期一宣布，{s}大桥因发现裂缝封闭检修，{n}辆公交车改道行驶。",
                    "总工程师{p}表示，检修工作预计持续两个星期。",
                    "附近居民希望尽快恢复通车。",
                ],
            ),
            (
                "{s}大桥检修提前完成，{c}恢复通车",
                [
                    "{c}市的{s}大桥检修提前完成，星期五恢复通车，此前有{n}辆公交车改道行驶。",
                    "总工程师{p}说，大桥裂缝已经全部修补。",
                ],
            ),
        ]
    ],
    "ja": [
        [
            (
                "{c}の{s}トンネルで落石、{n}人が避難",
                [
                    "{c}の{s}トンネルで月曜日の朝、落石があり、付近の住民{n}人が避難した。",
                    "消防署の{p}署長は、けが人はいないと述べた。",
                    "道路は今週いっぱい通行止めになる見通しだ。",
                ],
            ),
            (
                "{s}トンネルの落石、通行止め続く",
                [
                    "落石のあった{c}の{s}トンネルは火曜日も通行止めが続いている。",
                    "避難した住民{n}人は体育館で夜を過ごした。{p}署長は調査を急ぐと話した。",
                ],
            ),
        ]
    ],
}

SINGLES: dict[str, tuple[list[str], list[str]]] = {
    "en": (
        [
            "{s} opens new hall in {c}",
            "{p} named head of {s}",
            "{c} counts its {s} birds",
            "Why {s} matters to {c}",
            "{p} wins the {s} cup",
            "{c} council argues over {s}",
            "Price of {s} rises in {c}",
            "A walk through {s} with {p}",
        ],
        [
            "The {s} society of {c} has {n} members and a waiting list that grows every spring.",
            "{p} learned the trade from an aunt who kept bees behind the post office.",
            "Scientists in {c} measured the lake {n} times and found it two centimetres lower than in May.",
            "A bakery on {s} street will close after {n} years because nobody wants to rise at three.",
            "The museum shows {n} drawings that {p} left in a trunk.",
            "Tickets for the {s} theatre sold out within an hour, its director {p} said.",
            "Farmers around {c} bring in the {s} harvest two weeks early this year.",
            "The central bank left interest rates alone, though {p} had asked for a cut.",
            "A survey of {n} households found that most of {c} prefers the tram.",
            "The library lends {n} books a day and now also drills and ladders.",
            "{p} will visit {c} on Thursday to sign an agreement on fishing.",
            "The goalkeeper {p} saved two penalties in the {s} stadium.",
            "Engineers want to lay a cable of {n} kilometres from {c} to the {s} islands.",
            "The school orchestra plays {s} every Sunday, rain or shine.",
            "A new species of moss was named {s} after the botanist {p}.",
            "Astronomers near {c} saw the comet {s} for {n} minutes before clouds came.",
            "The choir of {s} sings under {p}, who once drove a bus.",
            "Rents in {c} rose by {n} crowns while wages stood still.",
        ],
    ),
    "de": (
        ["{s} feiert Jubiläum in {c}", "{p} leitet künftig {s}", "{c} diskutiert über {s}", "Neues von {s} aus {c}"],
        [
            "Der Verein {s} aus {c} hat {n} Mitglieder und sucht einen Dirigenten.",
            "{p} hat das Handwerk bei einem Uhrmacher in {c} gelernt.",
            "Die Preise für {s} sind seit dem Sommer um {n} Euro gestiegen.",
            "Im Museum sind {n} Zeichnungen zu sehen, die {p} nie verkaufen wollte.",
            "Forscher haben im See bei {c} eine Alge namens {s} entdeckt.",
            "Die Bahn will zwischen {c} und {s} öfter fahren.",
            "Am Sonntag spielt das Orchester {s} in der alten Markthalle.",
            "Ein Bäcker aus {c} verschenkt jeden Abend {n} Brote.",
            "Die Torhüterin {p} hielt zwei Elfmeter im Stadion {s}.",
            "Der Wald um {c} ist trockener als vor {n} Jahren.",
        ],
    ),
    "fr": (
        ["{s} rouvre ses portes à {c}", "{p} prend la tête de {s}", "À {c}, le débat sur {s}"],
        [
            "L'association {s} de {c} compte {n} membres et cherche un local.",
            "{p} a appris son métier auprès d'un horloger de {c}.",
            "Le prix du {s} a augmenté de {n} euros depuis l'été.",
            "Le musée montre {n} dessins que {p} gardait dans une malle.",
            "Des chercheurs ont trouvé dans le lac une algue nommée {s}.",
            "Un boulanger de {c} offre chaque soir {n} pains aux étudiants.",
            "L'orchestre {s} joue dimanche dans la vieille gare.",
            "La gardienne {p} a arrêté deux penaltys au stade {s}.",
        ],
    ),
    "es": (
        ["{s} abre sus puertas en {c}", "{p} dirigirá {s}", "{c} debate sobre {s}"],
        [
            "La asociación {s} de {c} tiene {n} socios y busca local.",
            "{p} aprendió el oficio con una relojera de {c}.",
            "El precio del {s} subió {n} pesos desde el verano.",
            "El museo enseña {n} dibujos que {p} guardaba en un baúl.",
            "Investigadores hallaron en el lago un alga llamada {s}.",
            "Un panadero de {c} regala cada noche {n} panes.",
            "La orquesta {s} toca el domingo en el mercado viejo.",
            "La portera {p} paró dos penaltis en el estadio {s}.",
        ],
    ),
    "pt": (
        ["{s} reabre em {c}", "{p} vai dirigir {s}"],
        [
            "A associação {s} de {c} tem {n} sócios e procura uma sede.",
            "{p} aprendeu o ofício com um relojoeiro de {c}.",
            "O preço do {s} subiu {n} euros desde o verão.",
            "O museu mostra {n} desenhos que {p} guardava num baú.",
            "Um padeiro de {c} oferece todas as noites {n} pães.",
            "A orquestra {s} toca no domingo no mercado velho.",
        ],
    ),
    "ru": (
        ["В городе {c} открылся музей «{s}»", "{p} возглавит театр «{s}»", "Город {c} спорит о парке «{s}»"],
        [
            "Общество «{s}» в городе {c} насчитывает {n} человек и ищет помещение.",
            "{p} учился ремеслу у часовщика из города {c}.",
            "Цены на билеты в театр «{s}» выросли на {n} рублей.",
            "В музее показывают {n} рисунков, которые {p} хранил в сундуке.",
            "Учёные нашли в озере водоросль и назвали её «{s}».",
            "Пекарь из города {c} каждый вечер раздаёт {n} буханок.",
            "Оркестр «{s}» играет по воскресеньям на старом рынке.",
            "Вратарь {p} отбил два пенальти на стадионе «{s}».",
        ],
    ),
    "ar": (
        ["افتتاح متحف {s} في {c}", "{p} يتولى إدارة مسرح {s}"],
        [
            "تضم جمعية {s} في {c} نحو {n} عضوا وتبحث عن مقر جديد.",
            "تعلم {p} المهنة من صانع ساعات في {c}.",
            "ارتفعت أسعار التذاكر في مسرح {s} بمقدار {n} دينارا.",
            "يعرض المتحف {n} رسما كان {p} يحتفظ بها في صندوق.",
            "وجد الباحثون في البحيرة نباتا سموه {s}.",
            "يوزع خباز من {c} كل مساء {n} رغيفا.",
        ],
    ),
    "zh": (
        ["{c}{s}博物馆开馆", "{p}出任{s}剧院院长"],
        [
            "{c}的{s}协会有{n}名会员，正在寻找新的会址。",
            "{p}年轻时跟一位钟表匠学过手艺。",
            "{s}剧院的票价今年上涨了{n}元。",
            "博物馆展出了{p}收藏在箱子里的{n}幅画。",
            "研究人员在湖里发现了一种新的水草，取名{s}。",
            "{c}一位面包师每天晚上送出{n}个面包。",
            "{s}乐团星期天在旧市场演出。",
        ],
    ),
    "ja": (
        ["{c}に{s}美術館が開館", "{p}氏が{s}劇場の館長に"],
        [
            "{c}の{s}協会には{n}人の会員がいて、新しい事務所を探している。",
            "{p}さんは若いころ時計職人に弟子入りした。",
            "{s}劇場の入場料は今年{n}円上がった。",
            "美術館は{p}さんが箱にしまっていた絵{n}点を展示する。",
            "研究者は湖で新しい水草を見つけ、{s}と名付けた。",
            "{c}のパン屋は毎晩{n}個のパンを配っている。",
            "{s}楽団は日曜日に古い市場で演奏する。",
        ],
    ),
}

# What a copy puts around a text, and a report that comes after a year must still join.
BYLINES = {
    "en": "By our staff.",
    "de": "Von unserer Redaktion.",
    "fr": "Par notre rédaction.",
    "ru": "От редакции.",
    "zh": "本报讯。",
}


class Writer:
    """Fill the templates of one language, with names that come once."""

    def __init__(self, language: str, seed: str) -> None:
        self._language = language
        self._random = random.Random(f"{seed} {language}")

    def singles(self, count: int) -> list[tuple[str, list[str]]]:
        """Return articles as (title, sentences)."""
        titles, sentences = SINGLES[self._language]
        made = []
        for number in range(count):
            chosen = self._random.sample(sentences, min(5, len(sentences) - 2))
            made.append(
                (
                    self._filled(titles[number % len(titles)], self._slots()),
                    [self._filled(sentence, self._slots()) for sentence in chosen],
                )
            )
        return made

    def happenings(self, each: int) -> list[list[tuple[str, list[str]]]]:
        """Return happenings, each a list of reports as (title, sentences)."""
        made = []
        for kind in HAPPENINGS[self._language]:
            for _ in range(each):
                slots = self._slots()
                made.append([(self._filled(t, slots), [self._filled(s, slots) for s in body]) for t, body in kind])
        return made

    def _filled(self, template: str, slots: dict[str, str]) -> str:
        return template.format(**slots)

    def _slots(self) -> dict[str, str]:
        pick = self._random
        own = SYLLABLES.get(self._language)
        if own is None:
            word = "".join(pick.choices(LATIN, k=3)).capitalize()
            person = f"{pick.choice(FIRST)} {''.join(pick.choices(LATIN, k=3)).capitalize()}"
        else:
            length = 2 if self._language in ("zh", "ja") else 4
            word, person = ("".join(pick.choices(own, k=length)) for _ in range(2))
            if self._language == "ru":
                word, person = word.capitalize(), person.capitalize()
        city = pick.choice(CITIES[self._language])
        return {"s": word, "p": person, "c": city, "n": str(pick.randint(12, 980))}
