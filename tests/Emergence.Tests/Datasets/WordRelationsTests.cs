using Emergence.Datasets;

namespace Emergence.Tests.Datasets;

public sealed class WordRelationsTests
{
    [Fact]
    public void Synonyms_and_antonyms_hold_in_both_directions_and_keywords_in_one()
    {
        var words =
            Read("# a comment\npositive\tantonym\tnegative\n\nPositive\tsynonym\tgood\ngood\tsynonym\tfine\npositive\tkeyword\tfunny\n");

        Assert.Equal(["negative"], words.Of(WordRelation.Antonym, "positive"));
        Assert.Equal(["positive"], words.Of(WordRelation.Antonym, "negative"));
        Assert.Equal(["positive", "fine"], words.Of(WordRelation.Synonym, "good"));
        Assert.Equal(["funny"], words.Of(WordRelation.Keyword, "positive"));
        Assert.Empty(words.Of(WordRelation.Keyword, "funny"));
        Assert.Equal([("positive", "funny")], words.Pairs(WordRelation.Keyword));
    }

    [Theory]
    [InlineData("good\tbetter\tbest\n", "line 1: expected WORD TAB synonym|antonym|keyword TAB WORD, found 'good\\u0009better\\u0009best'")]
    [InlineData("\ngood synonym fine\n", "line 2: expected WORD TAB")]
    [InlineData("good\tsynonym\t\n", "line 1: expected WORD TAB")]
    [InlineData("# nothing\n", "found none")]
    public void A_bad_file_is_one_line(string content, string expected)
    {
        var error = Assert.Throws<EmergenceException>(() => Read(content));

        Assert.Contains(expected, error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void A_missing_file_is_one_line() =>
        Assert.Contains("no file 'nowhere.tsv'", Assert.Throws<EmergenceException>(() => WordRelations.ReadPairs("nowhere.tsv")).Message);

    private static WordRelations Read(string content)
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "pairs.tsv");
        File.WriteAllText(path, content);
        return WordRelations.ReadPairs(path);
    }
}
