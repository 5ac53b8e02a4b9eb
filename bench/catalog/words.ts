import { type Random, randomOf } from './random.ts'

/** How a language of the library sounds: words everybody knows first, then syllables that make the rest. */
type Language = {
  readonly name: string
  /** Share of the artists. */
  readonly share: number
  /** Most frequent first. */
  readonly common: string
  readonly syllables: string
  /** Words made of the syllables. */
  readonly rare: number
  readonly given: string
  readonly family: string
  /** Between the words of a title; none where people write none. */
  readonly space: string
}

const LANGUAGES: readonly Language[] = [
  {
    name: 'english',
    share: 0.52,
    common:
      'love you the me my night heart time day home baby world dream girl light way life dance blue fire man one rain ' +
      'song little lost down moon sun last never forever summer eyes river black road sweet good let go tonight gone ' +
      'star soul sky heaven wild angel young city born free run high train house broken lonely morning morningstar ' +
      'gold winter water hands ghost shadow queen king dark stone old again don’t can’t I’m it’s without under over ' +
      'somebody nobody everything nothing always goodbye hello memory mirror machine electric paper silver crystal ' +
      'ocean island mountain valley desert highway midnight sunday monday december velvet diamond thunder lightning ' +
      'storm hurricane whisper scream silence noise rhythm melody harmony symphony waltz lullaby blues boogie swing',
    syllables: 'ka lo mi ren tas vo bel dor fin gra hul jem nar pol qui sto tur wen yal zor shi ber land ton ford ley',
    rare: 22_000,
    given:
      'James Mary John Patricia Robert Jennifer Michael Linda William Elizabeth David Barbara Richard Susan Joseph ' +
      'Jessica Thomas Sarah Charles Karen Chris Lisa Daniel Nancy Matthew Betty Anthony Sandra Mark Ashley Nina Otis ' +
      'Ella Miles Billie Aretha Dusty Nick Kate Joni Leonard Carole Stevie Marvin Tina Etta Ray Elvis Patti Lou Iggy',
    family:
      'Smith Johnson Williams Brown Jones Miller Davis Wilson Moore Taylor Anderson Thomas Jackson White Harris Martin ' +
      'Thompson Young Walker Hall Allen King Wright Scott Green Baker Adams Nelson Carter Mitchell Roberts Turner ' +
      'Phillips Campbell Parker Evans Edwards Collins Stewart Morris Rogers Reed Cook Morgan Bell Murphy Bailey Cooper',
    space: ' ',
  },
  {
    name: 'german',
    share: 0.07,
    common:
      'Liebe Nacht Herz Zeit Leben Welt Traum Himmel Licht Sonne Mond Regen Straße Stadt Mädchen Tränen Frühling Blüten ' +
      'Grüße für über Küsse Märchen Größe Wärme König schön früh müde Sehnsucht Heimat Freiheit Feuer Wasser immer nie',
    syllables: 'schla gen wür fel bäu mer stei kür ger hof tal brü cke wei den fluß hö he ruf lau ter sän',
    rare: 4000,
    given: 'Hans Jürgen Günther Käthe Jörg Björn Anna Lena Ute Nena Udo Herbert Marlene Clara Götz Rüdiger Änne',
    family: 'Müller Schröder Grönemeyer Lindenberg Weiß Bäcker Jäger Köhler König Schäfer Groß Böhm Krüger Wächter',
    space: ' ',
  },
  {
    name: 'french',
    share: 0.07,
    common:
      'amour cœur nuit vie rêve été l’amour l’été d’amour jamais toujours forêt île déjà fenêtre garçon français ' +
      'lumière première étoile mystère château musique chanson valse à où être temps soleil lune pluie mer',
    syllables: 'bou lan gère cha mé dé sé rô tine vière lé ça gne roux beau pré fleu rê mai jon quê te',
    rare: 3500,
    given: 'Édith Françoise Aurélie Zoé Noël Léo Hélène Jérôme René André Benoît Chloé Gaël Éric Maëlle Stéphane',
    family: 'Lefèvre Bélanger Desprès Aznavour Gréco Brassens Ferré Hardy Céleste Noël Benoît Dubœuf Lamarché Forêt',
    space: ' ',
  },
  {
    name: 'spanish',
    share: 0.08,
    common:
      'amor corazón noche vida sueño mañana niña canción luna sol mar cielo fuego camino pasión adiós qué tú mí más ' +
      'siempre nunca señorita español día alma lágrimas besos baile fiesta tierra jardín árbol río café',
    syllables: 'ca mi no rá dor ñe ro sé lla vi de gua pé tra cor zón lu tí fie ra ña que',
    rare: 3500,
    given: 'José María Julio Ángel Mercedes Chavela Rubén Joaquín Inés Víctor Concha Íñigo Lucía Rocío Celia Héctor',
    family: 'García Muñoz Núñez Peña Iglesias Sánchez Jiménez Vázquez Ibáñez Ordóñez Lafourcade Guzmán Cerdán Quiñones',
    space: ' ',
  },
  {
    name: 'polish',
    share: 0.03,
    common:
      'miłość noc życie serce słońce księżyc świat dzień łzy piosenka wolność ćma źródło żółty gęś ścieżka rzeka jesień',
    syllables: 'wał łę kow ska ś cza rny dżo ży wie brzę czyk są pło mień gó ral nię',
    rare: 1500,
    given: 'Łukasz Zbigniew Małgorzata Żaneta Wojciech Agnieszka Stanisław Józef Grażyna Świętosława',
    family: 'Wiśniewski Wójcik Kowalczyk Zieliński Dąbrowski Kozłowski Jabłoński Gąsior Święcicki Łęcki',
    space: ' ',
  },
  {
    name: 'nordic',
    share: 0.04,
    common:
      'kärlek natt hjärta måne sommar drøm sjø øy nordlys vår høst björk stjerne jökull þrá ást sól ævintýri fjall',
    syllables: 'fjo rd berg ås søn stað ir hei mö ljó skå gård bæk lund væ ðu hvam',
    rare: 1500,
    given: 'Björn Åse Søren Jónsi Ólafur Øystein Þóra Åge Märta Sigríður Håkan Æsa',
    family: 'Åkerström Sørensen Guðmundsdóttir Ødegård Þórsson Bjørnstad Lindström Hægstad Nyström',
    space: ' ',
  },
  {
    name: 'turkish',
    share: 0.02,
    common: 'aşk gece hayat yalnız güneş ışık yağmur şarkı gözler dünya çiçek ağla İstanbul sevgi özgür gülüm',
    syllables: 'ka ra dağ lı göz çü şen yıl dı rım oğ lu sü rek ba har',
    rare: 1000,
    given: 'Barış Müslüm Şebnem Çağla Özlem İbrahim Tuğba Gökhan Ağa',
    family: 'Öztürk Yıldız Çelik Şahin Güneş Koç Doğan Aydın İnan',
    space: ' ',
  },
  {
    name: 'russian',
    share: 0.05,
    common:
      'любовь ночь сердце жизнь мир дорога звезда луна солнце дождь снег весна осень зима ветер песня мечта город ' +
      'последний белый чёрный я ты мы никогда всегда ёлка подъезд',
    syllables: 'ка ро ни вет ло сту пан де гор ша ёль щин жар ту ман ова ский',
    rare: 3000,
    given: 'Алла Виктор Борис Земфира Николай Татьяна Юрий Анна Семён Дмитрий Алёна Фёдор',
    family: 'Пугачёва Цой Гребенщиков Шевчук Высоцкий Окуджава Королёв Соловьёв Щербаков Ёлкин',
    space: ' ',
  },
  {
    name: 'greek',
    share: 0.01,
    common: 'αγάπη νύχτα καρδιά ζωή ήλιος φεγγάρι θάλασσα όνειρο τραγούδι μάτια ουρανός χρόνια',
    syllables: 'κα λο μα ρί στα θέ νη πό τρά γου δί',
    rare: 600,
    given: 'Μίκης Μαρία Γιώργος Ελένη Μάνος Χάρις',
    family: 'Θεοδωράκης Χατζιδάκις Νταλάρας Αλεξίου Παπαδόπουλος Βαμβακάρης',
    space: ' ',
  },
  {
    name: 'japanese',
    share: 0.05,
    common:
      '愛 夜 夢 花 空 君 僕 春 夏 秋 冬 雨 雪 海 星 月 風 東京 さくら ありがとう ひまわり メロディー ラブ 心 涙 約束 未来 旅',
    syllables: 'あ か さ た な は ま や ら わ い き し ち に ひ み り う く す つ ふ む る リ ズ ム ノ ー ト',
    rare: 3000,
    given: '聖子 明菜 美空 陽水 由実 健二 亮太 さくら ヒカル 翔',
    family: '宇多田 中島 松田 坂本 山下 細野 久石 椎名 竹内 井上',
    space: '',
  },
  {
    name: 'chinese',
    share: 0.03,
    common: '爱 月亮 朋友 天空 我 你 的 心 夜 雨 城市 故事 时间 回忆 梦 海 花 风 红 白 黑 一 路 家',
    syllables: '山 水 云 天 星 光 影 声 音 歌 舞 春 江 南 北 东 西 长 安 秋 叶 飞 雪',
    rare: 1500,
    given: '丽君 学友 德华 杰伦 菲 健 依林 俊杰',
    family: '邓 张 刘 周 王 崔 蔡 林 陈 李',
    space: '',
  },
  {
    name: 'korean',
    share: 0.02,
    common: '사랑 밤 하늘 별 바다 꿈 나 너 봄 여름 가을 겨울 비 눈 마음 노래 서울 안녕',
    syllables: '가 나 다 라 마 바 사 아 자 하 고 노 도 로 모 별 빛 소 리 한 강',
    rare: 1000,
    given: '지은 태양 수지 현아 민호 유리',
    family: '김 이 박 최 정 강 조 윤',
    space: ' ',
  },
  {
    name: 'arabic',
    share: 0.01,
    common: 'حب ليل قلب حياة قمر شمس بحر عيون روح أغنية وردة سماء',
    syllables: 'با تا را سا كا لا ما نا يا دو نور سي',
    rare: 500,
    given: 'فيروز محمد ليلى عمر نجاة وديع',
    family: 'حداد خوري عبدالله منصور صباح حافظ',
    space: ' ',
  },
]

const listed = (text: string): string[] => text.split(' ')

function wordsOf(language: Language, random: Random): string[] {
  const syllables = listed(language.syllables)
  const made = new Set(listed(language.common))
  const wanted = made.size + language.rare
  const lengthMin = language.space === '' ? 1 : 2
  for (let tries = 0; made.size < wanted && tries < wanted * 5; tries++) {
    const length = lengthMin + random.below(3)
    made.add(Array.from({ length }, () => random.pick(syllables)).join(''))
  }
  return [...made]
}

/** Words of one language, the most frequent first, and names of people. */
export type Tongue = {
  readonly name: string
  readonly words: readonly string[]
  readonly given: readonly string[]
  readonly family: readonly string[]
  readonly space: string
}

/** The tongues of a library and one of them at random, as often as there are artists of it. */
export function tonguesOf(seed: number): { all: Tongue[]; any(random: Random): Tongue } {
  const random = randomOf(seed)
  const all = LANGUAGES.map(
    (l): Tongue => ({
      name: l.name,
      words: wordsOf(l, random),
      given: listed(l.given),
      family: listed(l.family),
      space: l.space,
    }),
  )
  return {
    all,
    any(r) {
      let left = r.unit()
      const at = LANGUAGES.findIndex((l) => (left -= l.share) < 0)
      return all[at === -1 ? 0 : at] as Tongue
    },
  }
}
