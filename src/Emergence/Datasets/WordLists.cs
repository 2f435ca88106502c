namespace Emergence.Datasets;

/// <summary>
/// The lists that have a name, chosen by hand: short everyday words, the commonest first, since those are the likeliest to be
/// one token. The published sets have 25 countries, 16 animals and 15 colours.
/// </summary>
internal static class WordLists
{
    private const int Countries = 25, Animals = 16, Colors = 15;

    public static IReadOnlyList<EntityList> All { get; } =
    [
        Of("country", Countries, """
            France Germany Japan Italy Spain Brazil Canada China India Russia Mexico Egypt Turkey Poland Sweden Norway Peru
            Chile Kenya Iran Iraq Cuba Israel Ireland Thailand Austria Belgium Denmark Finland Ukraine Pakistan Philippines
            Singapore Australia Romania Syria Yemen Libya Congo Chad Niger Mali Ghana Nepal Laos Haiti Iceland Jamaica
            Lebanon Zimbabwe
            """),
        Of("animal", Animals, """
            Cat Dog Lion Fox Goat Cow Bat Bee Ant Owl Pig Rat Snake Camel Frog Panda Rabbit Elephant Duck Goose Bull Turtle
            Horse Sheep Wolf Whale Shark Tiger Mouse Eagle Crow Swan Monkey Leopard Crab Bear Deer Donkey Falcon Penguin
            """),
        Of("color", Colors, """
            red orange yellow green blue violet purple white black gray brown pink silver golden copper amber ivory tan
            crimson ruby cyan gold grey
            """),
        Of("country.ja", Countries, """
            日本 中国 韓国 米国 英国 フランス ドイツ イタリア スペイン ロシア インド ブラジル カナダ メキシコ エジプト トルコ スイス タイ
            ベトナム イラン イラク オランダ ベルギー スウェーデン ノルウェー デンマーク フィンランド ポーランド ギリシャ ポルトガル
            オーストラリア アルゼンチン チリ ペルー キューバ インドネシア マレーシア シンガポール フィリピン
            """),
        Of("animal.ja", Animals, "犬 猫 鳥 魚 馬 牛 豚 羊 虎 熊 猿 狐 狼 象 兎 鹿 鶏 蛇 亀 鯨 蜂 蝶 鼠 龍 鶴 鷹 ライオン パンダ ペンギン キリン"),
        Of("color.ja", Colors, "赤 青 黄 緑 白 黒 紫 金 銀 茶 灰 桃 紺 朱 藍 橙 ピンク オレンジ"),
        Of("country.zh", Countries, """
            中国 日本 韩国 美国 英国 法国 德国 意大利 西班牙 俄罗斯 印度 巴西 加拿大 墨西哥 埃及 土耳其 瑞士 泰国 越南 伊朗 伊拉克 荷兰
            比利时 瑞典 挪威 丹麦 芬兰 波兰 希腊 葡萄牙 澳大利亚 阿根廷 智利 秘鲁 古巴 马来西亚 新加坡 菲律宾 乌克兰 以色列 巴基斯坦
            """),
        Of("animal.zh", Animals, "狗 猫 鸟 鱼 马 牛 猪 羊 虎 熊 猴 狐 狼 象 兔 鹿 鸡 蛇 龟 鲸 蜂 蝶 鼠 龙 鸭 鹰 狮子 老虎 大象 熊猫"),
        Of("color.zh", Colors, "红 蓝 黄 绿 白 黑 紫 金 银 棕 灰 粉 橙 青 红色 蓝色 黄色 绿色 白色 黑色"),
        Of("country.de", Countries, """
            Deutschland Frankreich Italien Spanien Japan China Indien Russland Brasilien Kanada Mexiko Ägypten Türkei Polen
            Schweden Norwegen Peru Chile Kenia Iran Irak Kuba Israel Irland Thailand Österreich Belgien Dänemark Finnland
            Ukraine Schweiz Portugal Griechenland Ungarn Tschechien Vietnam Argentinien Australien
            """),
        Of("animal.de", Animals, """
            Hund Katze Pferd Kuh Schwein Schaf Ziege Vogel Fisch Löwe Tiger Bär Wolf Fuchs Hase Maus Ratte Ente Gans Huhn
            Adler Eule Frosch Schlange Elefant Affe Hirsch Biene Esel Wal
            """),
        Of("color.de", Colors, "rot blau gelb grün weiß schwarz braun grau rosa lila orange violett gold silber türkis beige"),
        Of("country.ar", Countries, """
            مصر العراق سوريا لبنان الأردن السعودية اليمن عمان قطر الكويت البحرين ليبيا تونس الجزائر المغرب السودان الصومال
            تركيا إيران روسيا الصين اليابان الهند فرنسا ألمانيا إيطاليا إسبانيا بريطانيا أمريكا كندا البرازيل المكسيك
            """),
        Of("animal.ar", Animals, """
            كلب قط أسد نمر فيل حصان بقرة خروف ماعز جمل دب ذئب ثعلب أرنب فأر قرد طائر نسر بومة دجاجة بطة سمكة حوت أفعى ضفدع نحلة
            نملة غزال حمار
            """),
        Of("color.ar", Colors, "أحمر أزرق أصفر أخضر أبيض أسود بني رمادي وردي بنفسجي برتقالي ذهبي فضي أرجواني"),
        Of("country.hi", Countries, """
            भारत चीन जापान रूस अमेरिका फ्रांस जर्मनी इटली स्पेन ब्राजील कनाडा मिस्र तुर्की ईरान इराक नेपाल भूटान श्रीलंका
            पाकिस्तान बांग्लादेश थाईलैंड इंडोनेशिया मलेशिया सिंगापुर इजराइल यूक्रेन पोलैंड स्वीडन नॉर्वे क्यूबा चिली पेरू केन्या
            """),
        Of("animal.hi", Animals, """
            कुत्ता बिल्ली शेर बाघ हाथी घोड़ा गाय बकरी भेड़ ऊँट भालू भेड़िया लोमड़ी खरगोश चूहा बंदर पक्षी चील उल्लू मुर्गी बत्तख मछली
            साँप मेंढक मधुमक्खी चींटी हिरण गधा मोर
            """),
        Of("color.hi", Colors, "लाल नीला पीला हरा सफेद काला भूरा गुलाबी बैंगनी नारंगी सुनहरा चाँदी धूसर"),
    ];

    private static EntityList Of(string name, int limit, string words) =>
        new(name, words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries), limit);
}
