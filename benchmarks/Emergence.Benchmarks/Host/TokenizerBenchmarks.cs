using BenchmarkDotNet.Attributes;

namespace Emergence.Benchmarks.Host;

/// <summary>
/// Text to ids, by vocabulary: that of the repository's sample, and those of the reference data where it is there. A library that
/// does not read a vocabulary's file is left out.
/// </summary>
public class TokenizerBenchmarks
{
    private Func<string, bool, IReadOnlyList<int>?> _encode = (_, _) => null;
    private string _text = "";

    [ParamsSource(nameof(Pairs))]
    public string Library { get; set; } = "";

    /// <summary>"library on vocabulary".</summary>
    public static IEnumerable<string> Pairs =>
        from vocabulary in Vocabularies.Keys
        from library in TokenizerPeers.Names
        where Opens(library, vocabulary)
        select $"{library} on {vocabulary}";

    private static IReadOnlyDictionary<string, string> Vocabularies { get; } = Folders();

    [GlobalSetup]
    public void Open()
    {
        var parts = Library.Split(" on ");
        _encode = TokenizerPeers.Open(parts[0], Vocabularies[parts[1]])!;
        _text = File.ReadAllText(HostBenchmarks.Repository("docs/how-it-works.md"));
    }

    [Benchmark]
    public int Encode() => _encode(_text, false)?.Count ?? 0;

    private static bool Opens(string library, string vocabulary)
    {
        try
        {
            return TokenizerPeers.Open(library, Vocabularies[vocabulary]) != null;
        }
        catch (Exception)
        {
            return false; // a kind of file that the library refuses
        }
    }

    private static Dictionary<string, string> Folders()
    {
        var folders = new Dictionary<string, string> { ["stories260k"] = HostBenchmarks.Repository("samples/stories260k") };
        var root = Environment.GetEnvironmentVariable("EMERGENCE_TEST_DATA") ?? HostBenchmarks.Repository("../shared");
        foreach (var name in new[] { "like-llama3", "like-gemma", "like-qwen" })
        {
            var folder = Path.Combine(root, "golden", "tokenizers", name);
            if (Directory.Exists(folder))
                folders[name] = folder;
        }

        return folders;
    }
}
