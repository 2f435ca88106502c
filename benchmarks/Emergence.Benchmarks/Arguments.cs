using System.Globalization;
using Emergence.Devices;

namespace Emergence.Benchmarks;

/// <summary>What all verbs understand.</summary>
internal sealed class Arguments(string[] words)
{
    public int Threads { get; } = Number(words, "--threads", Environment.ProcessorCount);

    public int Rounds { get; } = Number(words, "--rounds", 11);

    /// <summary>Classes of a cell; 0 where not given.</summary>
    public int Classes { get; } = Number(words, "--classes", 0);

    /// <summary>Columns of a side; 0 where not given.</summary>
    public int Columns { get; } = Number(words, "--columns", 0);

    /// <summary>Steps of a training at most, a multiple of 50; 0 where not given.</summary>
    public int Steps { get; } = Number(words, "--steps", 0);

    /// <summary>Whether to measure another program by turns.</summary>
    public bool Peer { get; } = !words.Contains("--no-peer");

    /// <summary>Whether the program on TorchSharp takes turns: named in --peers.</summary>
    public bool TorchSharp { get; } = Peers(words).Contains("torchsharp");

    /// <summary>Whether the scripts on PyTorch take turns: named in --peers, or where it is not given.</summary>
    public bool PyTorch { get; } = Peers(words).Contains("pytorch");

    public Device OpenCpu() => DeviceTable.Create("cpu", new DeviceOptions(Threads, Word(words, "--path")));

    /// <summary>The word after an option, for a verb of its own.</summary>
    public string? Text(string name) => Word(words, name);

    private static string? Word(string[] words, string name)
    {
        var at = Array.IndexOf(words, name);
        return at < 0 || at + 1 >= words.Length ? null : words[at + 1];
    }

    private static string[] Peers(string[] words) => words.Contains("--no-peer") ? [] : (Word(words, "--peers") ?? "pytorch").Split(',');

    private static int Number(string[] words, string name, int missing) =>
        Word(words, name) is { } word ? int.Parse(word, CultureInfo.InvariantCulture) : missing;
}
