"""Words by which a language is told: the commonest ones, and those that news headlines are made of.

Written for this project. Their letter sequences also make the profile that words not listed here are judged by.
"""

from __future__ import annotations

NEWS_WORDS: dict[str, str] = {
    "en": "government president minister police court says killed attack launches prices rises raises surge talks "
    "deal leaders vote election war strikes troops city state health school children women people years "
    "report warns calls against how why what after amid first world market stocks shares bank growth tax cut "
    "arrested charged death dead dies fire storm flood earthquake injured hit beats wins win loses match "
    "final team players coach killing three through thought right which would should could might being having "
    "making charges high low",
    "de": "regierung kanzler bundestag minister polizei gericht sagt getötet angriff preise steigen steigt "
    "gespräche wahl krieg truppen stadt land gesundheit schule kinder frauen menschen jahre bericht warnt "
    "fordert gegen drei vier zwischen wegen welt markt bank wachstum steuer festgenommen tod tote tot feuer "
    "sturm hochwasser erdbeben verletzte verletzt gewinnt verliert spiel mannschaft trainer streit streik "
    "züge verkehr unfall fabrik wirtschaft zahl arbeitslosen deutschland deutsche europäische ukraine "
    "russland neue neuen kritik zeigt bleibt geht kommt will soll",
    "fr": "gouvernement président ministre police tribunal tué attaque prix hausse baisse négociations élection "
    "guerre troupes ville santé école enfants femmes hommes années rapport appelle contre face entre monde "
    "marché banque croissance impôt arrêté mort morts incendie tempête inondations séisme blessés victoire "
    "défaite match équipe joueurs entraîneur grève trafic procès accusé économie réforme loi projet français "
    "française européenne russe nouveau nouvelle première dernier jour nuit demande annonce veut doit peut "
    "fait frappe touche bombardée ouvre",
    "es": "gobierno presidente ministro policía tribunal muertos muere ataque precios sube suben baja elecciones "
    "guerra tropas ciudad salud escuela niños mujeres hombres años informe pide contra mundo mercado banco "
    "crecimiento impuesto detenido muerte incendio tormenta inundaciones terremoto heridos gana pierde "
    "partido equipo jugadores entrenador huelga juicio acusado economía reforma ley española español nuevo "
    "nueva nuevas medidas primera último día noche anuncia aprueba quiere debe puede asesinato escritor según "
    "millones personas sacude laboral",
    "it": "governo presidente ministro polizia tribunale ucciso attacco prezzi aumento sale scende elezioni guerra "
    "truppe città salute scuola bambini donne uomini anni rapporto chiede contro mondo mercato banca crescita "
    "tasse arrestato morto morti incendio tempesta alluvione terremoto feriti vince perde partita squadra "
    "giocatori allenatore sciopero processo accusato economia riforma legge italiana italiano nuovo nuova "
    "prima ultimo giorno notte annuncia approva vuole deve può vola batte gli della nella manovra migliaia "
    "dimette bruxelles milioni",
    "pt": "governo presidente ministro polícia tribunal mortos morre ataque preços preço sobe sobem cai eleição "
    "eleições guerra tropas cidade saúde escola crianças mulheres homens anos relatório pede contra mundo "
    "mercado banco crescimento imposto preso detido morte incêndio tempestade chuvas enchentes terremoto "
    "feridos vence perde jogo equipa time jogadores treinador greve julgamento acusado economia reforma lei "
    "portuguesa brasileiro novo nova novas medidas primeira último dia noite anuncia aprova quer deve pode "
    "econômico deixam volta subir gasolina milhões pessoas",
    "nl": "regering premier minister politie rechtbank zegt gedood aanval prijzen stijgen stijgt dalen gesprekken "
    "verkiezingen oorlog troepen stad gezondheid school kinderen vrouwen mensen jaar rapport waarschuwt tegen "
    "wereld markt bank groei belasting aangehouden dood doden overleden brand storm overstroming aardbeving "
    "gewonden gewond wint verliest wedstrijd ploeg spelers trainer staking verkeer proces verdacht economie "
    "kabinet wet nederlandse nederland nieuwe eerste laatste dag nacht wil moet kan maatregelen boeren "
    "protesteren steekpartij verder komt krijgt gaat blijft",
    "sv": "regeringen statsminister minister polisen domstol säger dödade dödad attack priser priserna stiger "
    "stigande val valet krig trupper stad hälsa skola barn kvinnor människor år rapport varnar kräver mot "
    "världen marknaden bank tillväxt skatt gripen gripna död döda brand storm översvämning jordbävning "
    "skadade skjuten vinner förlorar match laget spelare tränare strejk rättegång misstänkt ekonomi riksdagen "
    "lag svenska svensk sverige nya nytt ny första sista dag natt vill ska måste kan ansöker medlemskap "
    "presenterar inflationen igen mördad åtalas blir får",
    "da": "regeringen statsminister minister politiet retten siger dræbte dræbt angreb priser priserne stiger fald "
    "valg valget krig tropper by sundhed skole børn kvinder mennesker år rapport advarer kræver mod verden "
    "markedet bank vækst skat skatten anholdt død døde brand storm oversvømmelse jordskælv såret skudt vinder "
    "taber kamp holdet spillere træner strejke retssag sigtet økonomi folketinget lov danske dansk danmark "
    "nye nyt ny første sidste dag nat vil skal må kan hæve fortsat københavn bliver får efter uden ifølge",
    "no": "regjeringen statsminister minister politiet retten sier drepte drept angrep priser prisene øker stiger "
    "valg valget krig soldater by helse skole barn kvinner mennesker år rapport advarer krever mot verden "
    "markedet bank vekst skatt pågrepet død døde brann storm flom jordskjelv skadet skutt vinner taper kamp "
    "laget spillere trener streik rettssak siktet økonomi stortinget lov norske norsk norge nye nytt ny "
    "første siste dag natt vil skal må kan legger fram budsjettet fortsatt blir får etter uten ifølge",
    "fi": "hallitus pääministeri ministeri poliisi oikeus sanoo kuoli kuollut hyökkäys hinnat nousevat nousee "
    "laskee vaalit sota joukot kaupunki terveys koulu lapset naiset ihmiset vuotta vuonna raportti varoittaa "
    "vaatii vastaan maailman markkinat pankki kasvu vero pidätetty kuolema tulipalo myrsky tulva maanjäristys "
    "loukkaantui voitti hävisi ottelu joukkue pelaajat valmentaja lakko syytetty talous eduskunta laki suomi "
    "suomen suomalainen uusi uudet ensimmäinen viimeinen päivä yö haluaa pitää hakee jäsenyyttä edelleen",
    "pl": "rząd premier prezydent minister policja sąd mówi zabity zabici atak ceny rosną rośnie spada wybory wojna "
    "wojsko miasto zdrowie szkoła dzieci kobiety ludzie lat raport ostrzega przeciw świat rynek bank wzrost "
    "podatek zatrzymany śmierć zginął pożar burza powódź trzęsienie ranni wygrał przegrał mecz drużyna "
    "piłkarze trener strajk proces oskarżony gospodarka sejm ustawa ustawy projekt polska polski polskie nowy "
    "nowa nowe pierwszy ostatni dzień noc chce musi przyjął znów wypadek tragiczny pod we prezydenckie "
    "inflacja",
    "cs": "vláda premiér prezident ministr policie soud říká zabit mrtvých útok ceny rostou roste klesá volby válka "
    "vojáci město zdraví škola děti ženy lidé let zpráva varuje proti svět trh banka růst daň zadržen smrt "
    "zemřel požár bouře povodně zemětřesení zranění vyhrál prohrál zápas tým hráči trenér stávka proces "
    "obžalován ekonomika sněmovna zákon česká český české nový nová nové první poslední den noc chce musí "
    "schválila rozpočet podepsal energií energie",
    "ro": "guvernul guvern președintele premierul ministrul poliția tribunalul spune ucis morți atac prețuri "
    "prețurile cresc crește scade alegeri alegerile război trupe oraș sănătate școală copii femei oameni ani "
    "raport avertizează împotriva lumea piața banca creștere taxe arestat moarte incendiu furtună inundații "
    "cutremur răniți câștigă pierde meci echipa jucători antrenor grevă proces acuzat economia parlamentul "
    "lege legea românia român românească nou nouă noi primul ultimul zi noapte vrea trebuie poate adoptat "
    "bugetul din",
    "tr": "hükümet cumhurbaşkanı başkan bakan bakanı polis mahkeme söyledi öldü öldürüldü saldırı fiyatları "
    "fiyatlar arttı yükseldi düştü seçim seçimi savaş asker şehir sağlık okul çocuk kadın insanlar yıl rapor "
    "uyardı karşı dünya piyasa banka büyüme vergi gözaltına ölüm yangın fırtına sel deprem yaralı kazandı "
    "kaybetti maç takım futbolcu hoca grev dava ekonomi meclis yasa türkiye türk yeni ilk son gün gece "
    "istiyor rekor kırdı sonuçları açıklandı açıkladı anayasa şart dolar istanbul ankara",
    "hu": "kormány miniszterelnök miniszter rendőrség bíróság mondta meghalt támadás árak emelkedik emelkednek "
    "csökken választás választások háború katonák város egészség iskola gyerekek nők emberek év éves jelentés "
    "figyelmeztet ellen világ piac bank növekedés adó letartóztatták halál tűz vihar árvíz földrengés sérült "
    "nyert vesztett mérkőzés csapat játékosok edző sztrájk per vád gazdaság országgyűlés törvény magyarország "
    "új első utolsó nap éjszaka akar bejelentette infláció az és",
    "id": "pemerintah presiden menteri polisi pengadilan kata tewas serangan harga naik turun pemilu perang pasukan "
    "kota kesehatan sekolah anak perempuan orang tahun laporan memperingatkan terhadap dunia pasar bank "
    "pertumbuhan pajak ditangkap kematian kebakaran badai banjir gempa terluka korban menang kalah "
    "pertandingan tim pemain pelatih mogok sidang tersangka ekonomi dpr undang indonesia baru pertama "
    "terakhir hari malam ingin harus bisa resmikan jalan guncang minyak goreng jakarta warga",
    "ca": "govern president ministre policia tribunal morts mor atac preus puja pugen baixa eleccions guerra tropes "
    "ciutat salut escola nens dones homes anys informe demana contra món mercat banc creixement impost "
    "detingut mort incendi tempesta inundacions terratrèmol ferits guanya perd partit equip jugadors "
    "entrenador vaga judici acusat economia llei catalunya català catalana nou nova noves mesures primera "
    "últim dia nit anuncia aprova vol ha pot",
    "vi": "chính phủ tổng thống thủ tướng bộ trưởng công an tòa nói chết tấn giá tăng giảm bầu cử chiến tranh quân "
    "thành phố y tế trường trẻ em phụ nữ người năm báo cáo cảnh thế giới thị ngân hàng thuế bắt cháy bão lũ "
    "động đất bị thương thắng thua trận đội cầu huấn luyện viên kinh quốc hội luật việt nam mới đầu cuối ngày "
    "đêm xăng mạnh vô địch",
    "ru": "правительство президент министр полиция суд сказал погиб погибли атака удар цены выросли вырос растет "
    "выборы война войска город здоровье школа дети женщины люди лет доклад предупредил против мир рынок банк "
    "рост налог задержан смерть пожар буря наводнение землетрясение ранены выиграл проиграл матч команда "
    "тренер забастовка обвинил экономика дума закон россия россии российский новый новые первый последний "
    "день ночь хочет указ операцию прибыл прошёл подписал",
    "uk": "уряд президент міністр поліція суд сказав загинув загинули атака удар ціни зросли зростає вибори війна "
    "війська місто здоров'я школа діти жінки люди років звіт попередив проти світ ринок банк зростання "
    "податок затримано смерть пожежа буря повінь землетрус поранені виграв програв матч команда тренер страйк "
    "звинуватив економіка верховна рада закон ухвалила україна україни український новий нові перший останній "
    "день ніч хоче зустрівся обстріляла росія",
    "bg": "правителството президент президентът министър министърът полиция полицията съд съдът каза загина "
    "загинаха атака удар цени цените растат расте избори изборите война войната град градът здраве училище "
    "деца жени хора години доклад предупреди срещу свят пазар банка ръст данък задържан смърт пожар буря "
    "наводнение земетресение ранени спечели загуби мач отбор треньор стачка обвини икономика парламентът "
    "закон закона българия нов нови първи последен ден нощ иска прие бюджета горивата",
    "sr": "влада председник министар полиција суд рекао погинуо напад цене расту расте избори рат војска град "
    "здравље школа деца жене људи година извештај упозорава против свет тржиште банка раст порез ухапшен смрт "
    "пожар олуја поплава земљотрес повређени победио изгубио утакмица тим тренер штрајк оптужен економија "
    "скупштина закон србија србије нови први последњи дан ноћ жели најавио",
    "ar": "الرئيس الحكومة وزير الشرطة مقتل هجوم أسعار ارتفاع الحرب مدينة العالم النفط يعلن وفاة زلزال إصابة فوز "
    "مباراة الاقتصاد",
    "fa": "رئیس جمهور دولت وزیر پلیس کشته حمله قیمت بازار افزایش جنگ شهر جهان نفت اعلام زلزله زخمی مسابقه اقتصاد "
    "ایران تهران دلار",
    "ur": "صدر حکومت وزیر پولیس ہلاک حملہ قیمت جنگ شہر دنیا تیل اعلان زلزلہ زخمی میچ معیشت پاکستان بھارت گا گی گے",
}

COMMON_WORDS: dict[str, str] = {
    "en": "the of and to in is that for it with as was on are by be at from has his have an not but which this they "
    "said after will who more its their been were says new over about would out what up",
    "de": "der die und das den von zu mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er "
    "hat dass sie nach wird bei einer um am sind noch wie einem über so zum war haben nur oder aber vor zur "
    "bis mehr",
    "fr": "le la les de des et du en un une est que dans pour qui sur au par plus pas avec ce il se sont aux été ne "
    "mais son cette ou ont à leur après deux être ses entre comme elle nous selon contre fait",
    "es": "el la los de que y en un una por con las del se para es al lo como más su pero sus le ha este sí porque "
    "esta entre cuando muy sin sobre también hasta hay donde fue desde años tras según ser dos contra",
    "it": "il di che la e un per una in è non del le con si da dei della al sono gli più alla nel ha i come anche "
    "ma lo delle questo dal suo ai era su dopo o tra stato due degli nella sulla",
    "pt": "o de que a e do da em um para com uma os no se na por mais as dos como mas ao ele das à seu sua ou "
    "quando muito nos já eu também só pelo pela até isso entre depois são não é foi após contra segundo",
    "nl": "de het een van en in is dat op te zijn met voor niet aan er om ook als bij maar uit door naar over ze "
    "nog wordt dan hij worden heeft tot deze meer werd hebben wel kan al geen",
    "sv": "och i att en som är på det av för med till den har de inte om ett men var sig så från vid han kan nu "
    "efter eller under ska mot år sin över säger",
    "da": "og i at er en til på det af for med den som de har ikke om et men var sig fra kan han ved efter være "
    "eller over mod skal siger blev også nu",
    "no": "og i er på det en til som av for med å at de har ikke den om et men var seg fra kan han ved etter være "
    "eller over mot skal sier ble også nå",
    "fi": "ja on ei että se oli hän mutta ovat kun niin myös joka mukaan sekä kuin vuoden jo ole tai siitä sen ovat "
    "voi mitä tämä vain nyt jälkeen",
    "pl": "w i na z się nie do to że jest o jak za od po przez dla ma są był co ale tym tego już który oraz przed "
    "być jego może tylko po roku",
    "cs": "a v se na je že s z do o k to i za by ve pro jako po jeho už od při jsou ale podle není byl která který "
    "před má roku také jsem",
    "ro": "și în de a la cu pe nu care din o că este un pentru mai sunt au fost sa se ce după prin această dar fi "
    "ale anul",
    "tr": "ve bir bu da de için ile çok olarak daha olan gibi sonra kadar en ne ise ama var göre yeni değil oldu "
    "etti dedi",
    "hu": "a az és hogy nem is egy van ez meg csak de már volt mint el kell még ki sem lesz után magyar szerint",
    "id": "yang dan di dengan untuk pada ini dari dalam tidak itu akan adalah juga ke oleh bisa ada sebagai telah "
    "mereka tersebut karena",
    "ca": "el la de i que en un una per amb els les és del al no més es ha com dels són aquest però també ser han fins",
    "vi": "và của là có trong được cho không các với một những người khi đã này đến về ra từ như tại sẽ",
    "ru": "и в не на что с по как это он из за от о его для к но а у же был до все или так также после было были "
    "заявил",
    "uk": "і в не на що з за та це як до він від про але його для після був є у й також було які який",
    "bg": "и на в се да за от не е с по че са като това до при след си беше или ще има което",
    "sr": "и је у да на се за су од са то не из као који што ће по би али",
    "ar": "في من على أن إلى التي الذي عن هذا مع كان هذه بعد ما لم بين قد قال",
    "fa": "و در به از که این را با است برای آن یک می شد بر های هم تا گفت",
    "ur": "کے میں کی ہے اور سے کا کو نے ہیں کہ پر اس یہ ایک",
}
