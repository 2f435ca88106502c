using Emergence.Datasets;

namespace Emergence.Tests.Datasets;

/// <summary>Folders in the format of wndb(5WN), made here; and a real one where there is one.</summary>
public sealed class WordNetTests
{
    private const string Licence = "  1 This software and database is being provided to you\n  2 as is\n";

    // Adjectives: {good(a), fine} ! {bad}; {glad, happy} in which only happy has an antonym, sad; a satellite {decent, good}.
    private const string DataAdj = Licence
        + "00000100 00 a 02 good(a) 0 fine 1 002 ! 00000200 a 0101 & 00000500 a 0000 | of the right kind; \"good! a\"  \n"
        + "00000200 00 a 01 bad 0 001 ! 00000100 a 0101 | not good  \n"
        + "00000300 00 a 02 glad 0 happy 0 001 ! 00000400 a 0201 | cheerful  \n"
        + "00000400 00 a 02 sad 0 dead-beat 0 001 ! 00000300 a 0102 | not cheerful  \n"
        + "00000500 00 s 03 decent 0 good 1 all_right 0 001 & 00000100 a 0000 | enough  \n";

    private const string IndexAdj = Licence
        + "bad a 1 1 ! 1 0 00000200  \n"
        + "decent a 1 1 & 1 0 00000500  \n"
        + "fine a 1 2 ! & 1 0 00000100  \n"
        + "glad a 1 1 ! 1 0 00000300  \n"
        + "good a 2 2 ! & 2 2 00000500 00000100  \n"
        + "happy a 1 1 ! 1 0 00000300  \n"
        + "sad a 1 1 ! 1 0 00000400  \n";

    private const string DataNoun = Licence
        + "00000100 05 n 0a a 0 b 0 c 0 d 0 e 0 f 0 g 0 h 0 i 0 good 0 000 | ten words, a in hexadecimal  \n";
    private const string IndexNoun = Licence + "a n 1 0 1 0 00000100  \ngood n 1 0 1 0 00000100  \n";

    [Fact]
    public void Synonyms_are_the_other_words_of_the_synsets_by_sense()
    {
        var words = WordNet.Read(Forge(DataAdj, IndexAdj));

        Assert.Equal(["decent", "fine"], words.Of(WordRelation.Synonym, "Good")); // sense 1 is the satellite; all_right is a phrase
        Assert.Equal(["happy"], words.Of(WordRelation.Synonym, "glad"));
        Assert.Empty(words.Of(WordRelation.Synonym, "bad"));
        Assert.Empty(words.Of(WordRelation.Synonym, "unknown"));
    }

    [Fact]
    public void Antonyms_belong_to_single_words_of_a_synset()
    {
        var words = WordNet.Read(Forge(DataAdj, IndexAdj));

        Assert.Equal(["bad"], words.Of(WordRelation.Antonym, "good"));
        Assert.Empty(words.Of(WordRelation.Antonym, "fine"));
        Assert.Equal(["sad"], words.Of(WordRelation.Antonym, "happy"));
        Assert.Empty(words.Of(WordRelation.Antonym, "glad"));
        Assert.Equal([("bad", "good"), ("good", "bad"), ("happy", "sad"), ("sad", "happy")], words.Pairs(WordRelation.Antonym).Order());
    }

    [Fact]
    public void Adjectives_come_before_nouns_and_counts_are_hexadecimal()
    {
        var folder = Forge(DataAdj, IndexAdj);
        File.WriteAllText(Path.Combine(folder, "data.noun"), DataNoun);
        File.WriteAllText(Path.Combine(folder, "index.noun"), IndexNoun);

        var words = WordNet.Read(folder);

        Assert.Equal(["decent", "fine", "a", "b", "c", "d", "e", "f", "g", "h", "i"], words.Of(WordRelation.Synonym, "good"));
        Assert.Equal(9, words.Of(WordRelation.Synonym, "a").Count);
    }

    [Theory]
    [InlineData("00000100 00 a zz good 0 000 | x\n", IndexAdj,
        "data.adj: line 1: expected a synset, found '00000100 00 a zz good 0 000 | x'")]
    [InlineData("00000100 00 a 09 good 0\n", IndexAdj, "data.adj: line 1: expected a synset")]
    [InlineData(DataAdj, "good a 3 2 ! & 2 2 00000100 00000777\n",
        "index.adj: line 1: expected a lemma with offsets of synsets that there are")]
    [InlineData(DataAdj, "good a 99\n", "index.adj: line 1: expected a lemma")]
    public void A_damaged_file_is_one_line(string data, string index, string expected)
    {
        var error = Assert.Throws<EmergenceException>(() => WordNet.Read(Forge(data, index)));

        Assert.Contains(expected, error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void A_folder_without_wordnet_says_what_it_should_hold() =>
        Assert.Contains("expected the files of WordNet (data.noun, index.noun",
            Assert.Throws<EmergenceException>(() => WordNet.Read(TestData.TemporaryFolder())).Message);

    [Fact]
    public void Real_antonyms_and_synonyms()
    {
        const string Debian = "/usr/share/wordnet";
        var folder = Environment.GetEnvironmentVariable("EMERGENCE_TEST_WORDNET") ?? Debian;
        if (!Directory.Exists(folder))
            Assert.Skip($"no WordNet in EMERGENCE_TEST_WORDNET or {Debian} (wordnet-base)");

        var words = WordNet.Read(folder);

        Assert.Contains("negative", words.Of(WordRelation.Antonym, "positive"));
        Assert.Contains("cold", words.Of(WordRelation.Antonym, "hot"));
        Assert.Contains("automobile", words.Of(WordRelation.Synonym, "car"));
        Assert.True(words.Pairs(WordRelation.Antonym).Count() > 5_000);
    }

    private static string Forge(string data, string index)
    {
        var folder = TestData.TemporaryFolder();
        File.WriteAllText(Path.Combine(folder, "data.adj"), data);
        File.WriteAllText(Path.Combine(folder, "index.adj"), index);
        return folder;
    }
}
