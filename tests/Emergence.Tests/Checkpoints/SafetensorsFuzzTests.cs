using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Emergence.Checkpoints;
using Emergence.Files.Safetensors;
using static Emergence.Tests.Checkpoints.Forge;

namespace Emergence.Tests.Checkpoints;

/// <summary>
/// Structure-aware fuzzing: mutants of valid headers, token by token, then byte by byte. Each must be read or refused with
/// one of our errors, soon, and nothing may be accepted that the reference rules refuse. EMERGENCE_FUZZ_MUTANTS and
/// EMERGENCE_FUZZ_SEED run more than the default.
/// </summary>
public sealed partial class SafetensorsFuzzTests
{
    /// <summary>On the clock and of processor time: on a busy machine a test may stand still for seconds.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private static readonly string[] Seeds =
    [
        Header(Tensor("a", "F32", "2,1", "0,8"), Tensor("b", "BF16", "2", "8,12"), Tensor("c", "I64", "", "12,20")),
        Header("\"__metadata__\":{\"format\":\"pt\",\"x\":\"\"}", Tensor("a.b", "F16", "3", "0,6"), Tensor("\\u0061", "U8", "0,4", "6,6"),
            Tensor("", "F64", "1", "6,14")),
        Header(Tensor("q", "F4", "4", "0,2"), Tensor("r", "F6_E3M2", "4", "2,5"), Tensor("s", "BOOL", "1,1,1,1,1,1,1,1", "5,6")),
    ];

    private static readonly string[] Fragments =
    [
        "0", "1", "2", "4", "8", "12", "20", "-1", "-0", "2.0", "4e0", "02", "281474976710656", "281474976710657", "9223372036854775807",
        "9223372036854775808", "18446744073709551615", "18446744073709551616", "1e999", "null", "true", "\"\"", "\"a\"", "\"b\"",
            "\"\\u0061\"",
        "\"\\ud800\"", "\"\\u0000\"", "\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"", "\"F32\"", "\"F4\"", "\"C64\"",
            "\"f32\"",
        "{", "}", "[", "]", ",", ":", "[]", "{}", " ", "\n", "\0", "\uFEFF", "ü", "[[[[[[[[", "{\"a\":{\"a\":{\"a\":", "//", "NaN",
    ];

    [Fact]
    public void Every_mutant_is_read_or_refused_and_none_is_accepted_that_the_reference_refuses()
    {
        var random = new Random(Number("EMERGENCE_FUZZ_SEED", 1));
        var path = Path.Combine(TestData.TemporaryFolder(), "mutant.safetensors");
        var accepted = 0;
        var mutants = Number("EMERGENCE_FUZZ_MUTANTS", 20_000);
        for (var i = 0; i < mutants; i++)
        {
            var bytes = Mutant(random);
            File.WriteAllBytes(path, bytes);
            if (!ReadsOrRefuses(path, () => SafetensorsFile.Open(path), bytes, out var file))
                continue;
            accepted++;
            using (file)
            {
                Assert.True(ReferenceRules.Accepts(bytes), $"accepted, but not by the reference: {Convert.ToHexString(bytes)}");
                foreach (var name in file!.Tensors.Keys)
                    ReadsOrRefuses(path, () => file.ReadDoubles(name), bytes, out _);
            }
        }

        // Both outcomes must be common, or the mutants test nothing.
        Assert.InRange(accepted, mutants / 100, mutants - mutants / 10);
    }

    [Fact]
    public void Every_mutant_of_an_index_is_read_or_refused()
    {
        var random = new Random(Number("EMERGENCE_FUZZ_SEED", 1));
        var folder = Folder(("x", Singles("a", 1)), ("y", Singles("b", 2)));
        var path = Path.Combine(folder, "model.safetensors.index.json");
        for (var i = 0; i < Number("EMERGENCE_FUZZ_MUTANTS", 20_000) / 10; i++)
        {
            var bytes = MutateBytes(random,
                Encoding.UTF8.GetBytes(MutateTokens(random, """{"metadata":{"total_size":8},"weight_map":{"a":"x","b":"y"}}""")));
            File.WriteAllBytes(path, bytes);
            if (ReadsOrRefuses(path, () => Checkpoint.Open(folder), bytes, out var checkpoint))
                checkpoint!.Dispose();
        }
    }

    private static bool ReadsOrRefuses<T>(string path, Func<T> action, byte[] bytes, out T? result)
    {
        var (watch, before) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        result = default;
        try
        {
            result = action();
            return true;
        }
        catch (EmergenceException error)
        {
            Assert.StartsWith(Path.GetDirectoryName(path)!, error.Message);
            Assert.DoesNotContain('\n', error.Message);
            return false;
        }
        catch (Exception error)
        {
            Assert.Fail($"{error.GetType().Name} for {Convert.ToHexString(bytes)}: {error}");
            return false;
        }
        finally
        {
            Assert.True(watch.Elapsed < Limit || Environment.CpuUsage.TotalTime - before < Limit,
                $"{watch.Elapsed} for {Convert.ToHexString(bytes)}");
        }
    }

    private static byte[] Mutant(Random random)
    {
        var seed = Seeds[random.Next(Seeds.Length)];
        var header = Encoding.UTF8.GetBytes(MutateTokens(random, seed));
        var data = new byte[random.Next(8) > 0 ? DataLength(seed) : random.Next(32)];
        random.NextBytes(data);
        var length = random.Next(16) > 0 ? (ulong)header.Length : (ulong)(header.Length + random.Next(-3, 4));
        var file = Safetensors(header, data, length);
        return random.Next(4) > 0 ? file : MutateBytes(random, file);
    }

    private static int DataLength(string header) =>
        OffsetEnds().Matches(header).Max(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    /// <summary>Up to four edits of whole JSON tokens: replace, delete, insert, copy a run elsewhere, swap.</summary>
    private static string MutateTokens(Random random, string header)
    {
        var tokens = Tokens().Matches(header).Select(match => match.Value).ToList();
        for (var edits = random.Next(5); edits > 0 && tokens.Count > 1; edits--)
        {
            var at = random.Next(tokens.Count);
            var other = random.Next(tokens.Count);
            switch (random.Next(5))
            {
                case 0:
                    tokens[at] = Fragments[random.Next(Fragments.Length)];
                    break;
                case 1:
                    tokens.RemoveRange(at, Math.Min(random.Next(1, 8), tokens.Count - at));
                    break;
                case 2:
                    tokens.Insert(at, Fragments[random.Next(Fragments.Length)]);
                    break;
                case 3:
                    tokens.InsertRange(other, tokens.GetRange(at, Math.Min(random.Next(1, 24), tokens.Count - at)));
                    break;
                default:
                    (tokens[at], tokens[other]) = (tokens[other], tokens[at]);
                    break;
            }
        }

        return string.Concat(tokens);
    }

    private static byte[] MutateBytes(Random random, byte[] file)
    {
        var bytes = file.ToList();
        for (var edits = random.Next(4); edits > 0 && bytes.Count > 0; edits--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                default:
                    bytes.RemoveRange(at, random.Next(2) == 0 ? 1 : bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    [GeneratedRegex("\"[^\"]*\"|[0-9]+|.")]
    private static partial Regex Tokens();

    [GeneratedRegex(@"data_offsets"":\[\d+,(\d+)")]
    private static partial Regex OffsetEnds();
}
