using Emergence.Checkpoints;
using Emergence.Datasets;
using Emergence.Tokenizers;

namespace Emergence.Tests.Datasets;

public sealed class TemplateSequencesTests
{
    private static readonly Tokenizer Stories = Tokenizer.Load(ModelReference.Resolve("stories260k"));

    [Fact]
    public void Every_sequence_reads_as_its_rows_and_a_position_means_the_same_in_each()
    {
        var path = Write("rows.tsv", "she was happy that day\t1\nthey said up to him and her\t0\nthe big friend was with Tim\t1\nhe\t0\n");
        var data = Create(path, "{1}, it was {2:0=big,1=up},", shots: 2, fieldTokens: 3);

        // Three rows have three tokens; two of them in order make 6 sequences.
        Assert.Equal((6, true, 6.0), (data.Count, data.IsEnumeration, data.Available));
        Assert.Equal(2 * (3 + 1 + 2 + 1 + 1), data.Length);
        Assert.Equal(8, data.ShotLength);
        string[] shots = ["she was happy, it was up,", "they said up, it was big,", "the big friend, it was up,"];
        var expected = from first in shots from second in shots where first != second select $"{first} {second}";
        Assert.Equal(expected.Order(), Enumerable.Range(0, data.Count).Select(n => Stories.Decode(data[n]).TrimStart()).Order());
        Assert.Equal(["1 1.1", "1 1.2", "1 1.3", ",", "it", "was", "2 1", ","], data.Labels.Take(8));
        Assert.Contains("3 of 4 rows are used", data.Notes.Single());
    }

    [Theory]
    [InlineData("rows.csv", "Text,Mood\n\"so, big\",1\n\"so, up\",0\n")]
    [InlineData("rows.jsonl", "{\"text\":\"so, big\",\"mood\":1}\n\n{\"mood\":0,\"text\":\"so, up\"}\n")]
    [InlineData("rows.tsv", "\ufeffmood\ttext\n1\tso, big\n0\tso, up\n")]
    public void Columns_and_members_are_found_by_name(string name, string content)
    {
        var data = Create(Write(name, content), "{text} is {mood:0=her,1=it},", shots: 1, fieldTokens: 3);

        Assert.Equal(["so, big is it,", "so, up is her,"], Enumerable.Range(0, data.Count).Select(n => Stories.Decode(data[n]).Trim()));
    }

    [Fact]
    public void Arrangements_are_all_different_and_all_there()
    {
        var all = Enumerable.Range(0, 60).Select(number => string.Join(' ', Arrangements.At(number, 5, 3))).ToList();

        Assert.Equal(60L, Arrangements.Count(5, 3));
        Assert.Equal(60, all.Distinct().Count());
        Assert.All(all, text => Assert.Equal(3, text.Split(' ').Distinct().Count()));
        Assert.Null(Arrangements.Count(3_000, 6));
        Assert.Equal(0L, Arrangements.Count(2, 3));
    }

    private static Dataset Create(string path, string template, int shots, int fieldTokens) =>
        DatasetTable.Create(path, Stories, new DatasetOptions { Template = template, Shots = shots, FieldTokens = fieldTokens });

    private static string Write(string name, string content)
    {
        var path = Path.Combine(TestData.TemporaryFolder(), name);
        File.WriteAllText(path, content);
        return path;
    }
}
