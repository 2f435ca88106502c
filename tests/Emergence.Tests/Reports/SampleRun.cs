using System.Text.Json.Nodes;
using Emergence.Capture;
using Emergence.Information;
using Emergence.Information.Noise;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;

namespace Emergence.Tests.Reports;

/// <summary>
/// An invented run with the shape of a real one: sequences of "word," shots whose prefixes have the given bits, and a
/// critic that does not resolve all of it at the first layers.
/// </summary>
internal static class SampleRun
{
    // H(prefix) in bits after each word; a comma adds nothing.
    private static readonly double[] PrefixBits = [4.64, 9.02, 10.97, 10.97, 10.97, 10.97, 10.97, 10.97];

    private static readonly string[] Words = ["France", "Germany", "Japan", "Italy", "Spain", "Brazil", "Canada", "China"];

    private static readonly double[] Sigmas = [0.25, 0.5, 1, 2, 4, 8];

    /// <summary>The same read through noise.</summary>
    /// <param name="layers">L.</param>
    /// <param name="shots">Words.</param>
    /// <param name="seeds">Of all cells.</param>
    /// <param name="units">Word of a noise scale.</param>
    /// <param name="reach">Sigma at which half of the whole's information is gone.</param>
    /// <param name="ofTokens">The same of the tokens alone.</param>
    public static RunResults ThroughNoise(int layers, int shots, int seeds, string units, double reach, double ofTokens)
    {
        var run = Create(layers, shots, seeds);
        run.Manifest["settings"]!["sigma"] = new JsonArray([.. Sigmas.Select(sigma => (JsonNode)sigma)]);
        run.Manifest["settings"]!["noise"] = units;
        return new RunResults(run.Manifest, [.. run.Cells.Select(cell => cell with
        {
            Information = cell.Information with { YBits = cell.Information.HPrefixBits, Noise = Noise(cell, reach, ofTokens) },
        })]);
    }

    private static IReadOnlyList<NoiseValue> Noise(CellResult cell, double reach, double ofTokens) =>
    [
        .. from sigma in Sigmas
           let isMacro = cell.Cell.Kind == CaptureKind.Macro
           let half = isMacro ? reach * (1 + 0.1 * cell.Cell.Boundary) : ofTokens
           select new NoiseValue(sigma, cell.Information.HPrefixBits / (1 + sigma * sigma / (half * half)), 0.01, 0.0004)
           {
               EmergenceErrorBits = isMacro ? 0.01 : double.NaN, SamplingErrorBits = isMacro ? 0.005 : 0,
           },
    ];

    public static RunResults Create(int layers, int shots, int seeds, bool failures = false, int missing = 0, string estimator = "s-mine")
    {
        var cells = new List<CellResult>();
        for (var layer = 0; layer < layers; layer++)
        {
            for (var position = 0; position < 2 * shots; position++)
            {
                for (var seed = 1; seed <= seeds; seed++)
                {
                    cells.Add(Macro(layer, position, (ulong)seed, estimator, failures));
                    cells.Add(Micro(layer, position, (ulong)seed, estimator));
                }
            }
        }

        return new RunResults(Manifest(layers, shots, seeds, cells.Count + missing, estimator), cells);
    }

    private static CellResult Macro(int layer, int position, ulong seed, string estimator, bool failures)
    {
        var word = position / 2;
        var exact = layer > 0 ? PrefixBits[word] : position % 2 == 0 ? PrefixBits[0] : 0;
        var unresolved = layer == 0 ? 0 : exact * (position % 2 == 0 ? 0.16 : 0.02) * word / (1 + 0.6 * (layer - 1));
        var spread = unresolved > 0.3 ? 0.06 : 0.001;
        var limit = unresolved > 0.3;
        var failed = failures && layer == 2 && position == 2;
        var unique = word >= 2;
        return new CellResult(new Cell(CaptureKind.Macro, layer, position, estimator, seed), new MutualInformation
        {
            Estimator = estimator,
            Seed = seed,
            MiBits = failed ? double.NaN : exact == 0 ? 0 : Math.Max(0, exact - 0.008 - unresolved + spread * ((double)seed - 2)),
            ExactBits = exact,
            HPrefixBits = PrefixBits[word],
            Log2N = Math.Log2(2000),
            K = word switch { 0 => 25, 1 => 588, _ => unique && failures ? 2000 : 900 },
            KX = 25,
            KY = 25,
            Mu = 2000 / Math.Pow(2, exact),
            CollisionsX = layer == 0 ? 1975 : 0,
            Steps = limit ? 2000 : 350,
            StoppedBy = failed ? StopReason.Failed : limit ? StopReason.Limit : StopReason.Ceiling,
            Failure = failed ? "failed at step 37, last finite 9.20" : null,
        }, layer == 0 ? 0 : 0.01);
    }

    private static CellResult Micro(int layer, int position, ulong seed, string estimator)
    {
        var exact = position % 2 == 0 ? PrefixBits[0] : 0;
        return new CellResult(new Cell(CaptureKind.Micro, layer, position, estimator, seed), new MutualInformation
        {
            Estimator = estimator,
            Seed = seed,
            MiBits = exact == 0 ? 0 : exact - 0.01 + 0.001 * seed,
            ExactBits = exact,
            HPrefixBits = exact,
            Log2N = Math.Log2(2000),
            K = position % 2 == 0 ? 25 : 1,
            KX = 25,
            KY = 25,
            Mu = 80,
            Steps = exact == 0 ? 0 : 84,
            StoppedBy = exact == 0 ? StopReason.None : StopReason.Ceiling,
        }, 0);
    }

    private static JsonObject Manifest(int layers, int shots, int seeds, int cells, string estimator) => new()
    {
        ["format"] = 1,
        ["settings"] = new JsonObject
        {
            ["model"] = "models/SmolLM2-135M-Instruct",
            ["data"] = "country",
            ["shots"] = shots,
            ["sequences"] = 2000,
            ["boundaries"] = new JsonArray([.. Enumerable.Range(0, layers).Select(l => (JsonNode)l)]),
            ["positions"] = new JsonArray([.. Enumerable.Range(0, 2 * shots).Select(p => (JsonNode)p)]),
            ["estimator"] = estimator,
            ["preset"] = "small: critic 64-32-16-1, 8192 pairs off the support, Adam 1e-3, at most 2000 steps",
            ["seed"] = 1,
            ["seeds"] = seeds,
            ["device"] = "cpu",
            ["dtype"] = "float32",
            ["micro_position"] = "zero",
        },
        ["model"] = new JsonObject { ["architecture"] = "llama", ["layers"] = layers, ["weights_sha256"] = new string('a', 64) },
        ["data"] = new JsonObject
        {
            ["name"] = "country",
            ["sequences"] = 2000,
            ["enumeration"] = false,
            ["shot_length"] = 2,
            ["example"] = new JsonArray([.. Words.Take(shots).SelectMany(word => new JsonNode[] { " " + word, "," })]),
            ["labels"] = new JsonArray([.. Enumerable.Range(1, shots).SelectMany(s => new JsonNode[] { $"word {s}", $"comma {s}" })]),
        },
        ["device"] = new JsonObject { ["name"] = "cpu", ["description"] = "AVX2, 2 threads" },
        ["code"] = new JsonObject { ["version"] = "0.1.0" },
        ["cells"] = cells,
    };
}
