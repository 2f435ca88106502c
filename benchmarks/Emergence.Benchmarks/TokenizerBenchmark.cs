using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Emergence.Tokenizers.Patterns;

namespace Emergence.Benchmarks;

/// <summary>
/// Every folder of tokenizers whose ids are known through each library: right, wrong, refused, crashed or hung, and the time it takes; then
/// the
/// speed of the patterns in use. A library runs in a process of its own, since a panic ends it.
/// </summary>
internal static class TokenizerBenchmark
{
    private const int TextLength = 1_000_000, TimedLength = 20_000, MostMilliseconds = 60_000;
    private const string Words =
        "The quick brown fox jumps over lazy dogs; don't I'll 1234 5,678.90 x = y + foo(bar) -> {} \n\n    return HTTPServer2 CamelCase.";
    private const string Others = "Съешь же ещё этих мягких французских булок 日本語の文章です。 élève naïve größe 한국어 مرحبا बहुत 😀👍";

    private static readonly (string Name, string Pattern)[] s_patterns =
    [
        ("GPT-2, StarCoder", @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"),
        ("Llama 3, cl100k", TiktokenVocabulary.Cl100k.Pattern),
        ("o200k", TiktokenVocabulary.O200k.Pattern),
        ("Tekken",
            @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
            + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*"
            + @"|\s*[\r\n]+|\s+(?!\S)|\s+"),
        ("Qwen 3.5",
            @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
        ("DeepSeek V3",
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| "
            + "?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"),
        ("Falcon", "[0-9][0-9][0-9]"),
        ("Viking, Bloom", " ?[^(\\s|.,!?…。，、।۔،)]+"),
        ("Kimi",
            @"[\p{Han}]+"
            + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*"
                + @"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
            + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
                + @"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
            + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
    ];

    public static void Run(Arguments arguments)
    {
        if (arguments.Text("--child") is { } library)
        {
            Child(library, arguments.Text("--folder")!);
            return;
        }

        Patterns();
        var root = arguments.Text("--cases") ?? "../shared/cases/tokenizers";
        if (!Directory.Exists(root))
        {
            Console.WriteLine($"{root}: no such folder; --cases DIR names the tokenizers whose ids are known");
            return;
        }

        Console.WriteLine(
            $"\n| folder | {string.Join(" | ", TokenizerPeers.Names)} |\n|---|{string.Concat(TokenizerPeers.Names.Select(_ => "---|"))}");
        var totals = TokenizerPeers.Names.ToDictionary(name => name, _ => new SortedDictionary<string, int>(StringComparer.Ordinal));
        foreach (var folder in Directory.GetDirectories(root).Order(StringComparer.Ordinal))
        {
            var cells = TokenizerPeers.Names.Select(name => (name, Cell: Spawn(name, folder))).ToArray();
            foreach (var (name, cell) in cells)
                totals[name][cell.Split(' ', ',')[0]] = totals[name].GetValueOrDefault(cell.Split(' ', ',')[0]) + 1;
            Console.WriteLine($"| {Path.GetFileName(folder)} | {string.Join(" | ", cells.Select(cell => cell.Cell))} |");
        }

        foreach (var (name, counts) in totals)
            Console.WriteLine($"{name}: {string.Join(", ", counts.Select(count => $"{count.Value} {count.Key}"))}");
    }

    private static string Spawn(string library, string folder)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        foreach (var word in new[] { "tokenizers", "--child", library, "--folder", folder })
            start.ArgumentList.Add(word);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var line = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(MostMilliseconds))
        {
            process.Kill();
            process.WaitForExit();
            return "hung";
        }

        Task.WaitAll(errors, line);
        return process.ExitCode == 0 ? line.Result.Trim() : $"crashed, code {process.ExitCode}";
    }

    /// <summary>One cell of the table: "right, 12 us/kB", "wrong in 3 of 61, ...", "refused" or, for a kind it has no class for,
    /// "none".</summary>
    private static void Child(string library, string folder)
    {
        Func<string, bool, IReadOnlyList<int>?>? encode;
        try
        {
            encode = TokenizerPeers.Open(library, folder);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            Console.WriteLine("refused");
            return;
        }

        if (encode == null)
        {
            Console.WriteLine("none");
            return;
        }

        var (wrong, count, sample) = (0, 0, new StringBuilder());
        foreach (var line in File.ReadLines(Path.Combine(folder, "cases.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            var text = json.RootElement.GetProperty("text").GetString()!;
            count++;
            if (!Same(encode(text, true), json.RootElement.GetProperty("ids"))
                || !Same(encode(text, false), json.RootElement.GetProperty("ids_plain")))
                wrong++;
            sample.Append(text).Append(' ');
        }

        while (sample.Length < TimedLength)
            sample.Append(sample);
        var timed = sample.ToString();
        var seconds = Enumerable.Range(0, 3).Min(_ => Rounds.Time(() => encode(timed, false)).Processor);
        var rate = seconds * 1e6 / (Encoding.UTF8.GetByteCount(timed) / 1e3);
        var verdict = wrong == 0 ? "right" : string.Create(CultureInfo.InvariantCulture, $"wrong in {wrong} of {count}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{verdict}, {rate:0} us/kB"));
    }

    private static bool Same(IReadOnlyList<int>? ids, JsonElement expected) =>
        ids == null || ids.SequenceEqual(expected.EnumerateArray().Select(id => id.GetInt32()));

    private static void Patterns()
    {
        var texts = new[] { ("ASCII", Text(Words, TextLength)), ("mixed", Text(Others, TextLength)),
            ("one word", new string('a', TextLength)) };
        Console.WriteLine($"MB/s of UTF-8, best of five, processor time: own matcher / .NET's backtracking Regex (compiled)\n");
        Console.WriteLine(
            $"| pattern | {string.Join(" | ", texts.Select(text => text.Item1))} |\n|---|{string.Concat(texts.Select(_ => "---|"))}");
        foreach (var (name, pattern) in s_patterns)
        {
            var own = RegularPattern.Parse(pattern);
            var peer = pattern.Contains("&&", StringComparison.Ordinal) ? null
                : new Regex(pattern, RegexOptions.Compiled | RegexOptions.CultureInvariant);
            var cells = texts.Select(text =>
                $"{Rate(text.Item2, () => own.Matches(text.Item2).Count())} / "
                    + $"{(peer == null ? "-" : Rate(text.Item2, () => peer.Count(text.Item2)))}");
            Console.WriteLine($"| {name} | {string.Join(" | ", cells)} |");
        }
    }

    private static string Rate(string text, Func<int> count)
    {
        var seconds = Enumerable.Range(0, 5).Min(_ => Rounds.Time(() => count()).Processor);
        return (Encoding.UTF8.GetByteCount(text) / seconds / 1e6).ToString("0", CultureInfo.InvariantCulture);
    }

    /// <summary>Words of many scripts in a seeded order.</summary>
    public static string MixedText(int length) => Text(Words + " " + Others, length);

    private static string Text(string words, int length)
    {
        var random = new Random(1);
        var list = words.Split(' ');
        var text = new StringBuilder();
        while (text.Length < length)
            text.Append(list[random.Next(list.Length)]).Append(' ');
        return text.ToString();
    }
}
