using System.Text;
using Emergence.Tokenizers;
using Emergence.Tokenizers.Decoders;
using Emergence.Tokenizers.Models;
using Emergence.Tokenizers.Normalizers;
using Emergence.Tokenizers.PreTokenizers;
using Emergence.Tokenizers.Processors;

namespace Emergence.Tests.Tokenizers;

/// <summary>docs/tokenizers.md lists what the tables of kinds hold.</summary>
public class TokenizerDocumentTests
{
    private const string Begin = "<!-- kinds -->", End = "<!-- end of kinds -->";

    /// <summary>To bring the file up to date, copy what this test expects: it writes it beside the test program.</summary>
    [Fact]
    public void The_document_lists_every_kind()
    {
        var text = File.ReadAllText(Path.Combine(TestData.Repository, "docs", "tokenizers.md"));
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End, StringComparison.Ordinal));
        var expected = $"\n{Table()}";
        if (text[begin..end] != expected)
            File.WriteAllText(Path.Combine(AppContext.BaseDirectory, "tokenizers.md"), text[..begin] + expected + text[end..]);
        Assert.Equal(expected, text[begin..end]);
    }

    public static TheoryData<string, string> Cases =>
    [
        .. Of(NormalizerTable.Kinds), .. Of(PreTokenizerTable.Kinds), .. Of(ModelTable.Kinds), .. Of(ProcessorTable.Kinds),
            .. Of(DecoderTable.Kinds),
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_folder_that_checks_a_kind_has_it(string kind, string folder)
    {
        var file = Directory.GetFiles(TestData.Large($"cases/tokenizers/{folder}"), "tokenizer.json*").Single();
        if (!file.EndsWith(".xz", StringComparison.Ordinal))
            Assert.Contains($"\"type\":\"{kind}\"", File.ReadAllText(file));
    }

    private static IEnumerable<(string, string)> Of<T>(KindTable<T> kinds) => kinds.Rows.Select(row => (row.Name, row.Case));

    private static string Table()
    {
        var table = new StringBuilder("| part | kind | model families | checked by |\n|---|---|---|---|\n");
        Add(table, NormalizerTable.Kinds);
        Add(table, PreTokenizerTable.Kinds);
        Add(table, ModelTable.Kinds);
        Add(table, ProcessorTable.Kinds);
        Add(table, DecoderTable.Kinds);
        return table.ToString();
    }

    private static void Add<T>(StringBuilder table, KindTable<T> kinds)
    {
        foreach (var kind in kinds.Rows)
            table.Append($"| {kinds.Part} | {kind.Name} | {kind.Families} | {kind.Case} |\n");
    }
}
