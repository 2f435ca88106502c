using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Emergence.Checkpoints;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Settings;
using Emergence.Messages;
using Emergence.Models;

namespace Emergence.Measurement.Run;

/// <summary>Everything that decides about the results of a run, and a few labels that do not.</summary>
internal sealed class RunManifest
{
    /// <summary>A label under "model": the files of the weights, so that the next start need not read them for their SHA-256.</summary>
    internal const string WeightFiles = "weight_files";

    internal const string ModelMember = "model";

    private const int Format = 1;
    private const string WeightsDigest = "weights_sha256";

    /// <summary>Before the digest of the sizes and times of the files, which stands for that of weights nobody has read yet.</summary>
    private const string NotReadYet = "not read yet: ";

    private readonly string _inputs;

    /// <param name="plan">Plan of the run.</param>
    /// <param name="model">Loaded, after <see cref="Prepare"/>.</param>
    /// <param name="isProvisional">The weights are not known by their SHA-256 yet, which is made while they are read for the run: cells are
    /// kept under what is known of the files until then. Else what has not been read of the weights is read now.</param>
    public RunManifest(MeasurementPlan plan, LanguageModel model, bool isProvisional)
    {
        var identity = isProvisional ? new(NotReadYet + model.Checkpoint.FilesAsOpened, model.Config.Sha256) : model.Identity;
        Json = new JsonObject
        {
            ["format"] = Format,
            ["settings"] = SettingTable.Record(plan),
            [ModelMember] = Model(model, identity),
            ["data"] = Data(plan),
            ["device"] = new JsonObject { ["name"] = plan.Device.Name, ["path"] = plan.Device.Path,
                ["description"] = plan.Device.Description },
            ["code"] = new JsonObject { ["version"] = Version, ["build"] = Build },
            ["cells"] = plan.Grid.Count,
            ["created"] = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        };
        _inputs = string.Join('\n', identity.Weights, identity.Config, plan.Data.Id, plan.Preset.Identity, plan.Device.Path,
            plan.ArithmeticType, plan.Settings.MicroPosition, Build);
    }

    /// <summary>Version of the program with the commit it was built from.</summary>
    public static string Version { get; } =
        typeof(RunManifest).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public JsonObject Json { get; }

    /// <summary>Equal for every build of equal sources: results of different code are not mixed in one run.</summary>
    public static string Build { get; } = typeof(RunManifest).Module.ModuleVersionId.ToString("N");

    /// <summary>What is known of the files is taken from the manifest of an earlier start, and the rest made while they are read.</summary>
    public static void Prepare(Checkpoint checkpoint, JsonObject? old)
    {
        checkpoint.Recall(Digests(old));
        checkpoint.DigestInPassing();
    }

    /// <summary>Whether a manifest is of a run whose weights have not all been read yet.</summary>
    public static bool IsProvisionalOne(JsonObject manifest) =>
        (manifest[ModelMember] as JsonObject)?[WeightsDigest] is JsonValue value
        && value.ToString().StartsWith(NotReadYet, StringComparison.Ordinal);

    /// <summary>Names a file of weights that was written to between two starts before all weights had been read; null: none was.</summary>
    public static string? Touched(JsonObject old, JsonObject now)
    {
        if (!IsProvisionalOne(old) || !IsProvisionalOne(now))
            return null;
        var before = Digests(old).Select(file => file with { Sha256 = null }).ToHashSet();
        return Digests(now).FirstOrDefault(file => !before.Contains(file with { Sha256 = null })) is { } file
            ? $"{Printable.Escape(file.Name)} was written to since the run began, which had not read all weights by then" : null;
    }

    /// <summary>SHA-256 of everything that decides about the cell.</summary>
    public string Key(Cell cell)
    {
        var text = string.Create(CultureInfo.InvariantCulture,
            $"{_inputs}\n{cell.Kind}\n{cell.Boundary}\n{cell.Position}\n{cell.Estimator}\n{cell.Seed}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private static JsonObject Model(LanguageModel model, ModelIdentity identity)
    {
        var json = new JsonObject
        {
            ["architecture"] = model.Architecture,
            ["layers"] = model.Layers,
            ["width"] = model.Width,
            [WeightsDigest] = identity.Weights,
            ["config_sha256"] = identity.Config,
            [WeightFiles] = new JsonArray([.. model.Checkpoint.Digests.Select(file => (JsonNode)new JsonObject
            {
                ["name"] = file.Name,
                ["bytes"] = file.Bytes,
                ["modified"] = file.Modified.ToString("O", CultureInfo.InvariantCulture),
                ["sha256"] = file.Sha256,
            })]),
            ["unknown_config_keys"] = List(model.UnknownConfigKeys),
            ["ignored_weights"] = List(model.IgnoredWeights),
        };
        if (model.Config.Quantization is { } words)
            json["quantization"] = words;
        return json;
    }

    /// <summary>What an earlier start found of the files; nothing where its manifest says it otherwise.</summary>
    private static IEnumerable<FileDigest> Digests(JsonObject? old)
    {
        foreach (var file in (old?[ModelMember] as JsonObject)?[WeightFiles] as JsonArray ?? [])
        {
            if (file is JsonObject known && known["name"] is JsonValue name && known["bytes"] is JsonValue bytes
                && known["modified"] is JsonValue modified && bytes.TryGetValue<long>(out var size)
                && DateTime.TryParse(modified.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var time))
                yield return new(name.ToString(), size, time, known["sha256"]?.ToString());
        }
    }

    private static JsonObject Data(MeasurementPlan plan) => new()
    {
        ["name"] = plan.Data.Name,
        ["id"] = plan.Data.Id,
        ["sequences"] = plan.Data.Count,
        ["available"] = plan.Data.Available,
        ["enumeration"] = plan.Data.IsEnumeration,
        ["tokens"] = plan.Data.Length,
        ["shot_length"] = plan.Data.ShotLength,
        ["labels"] = List(plan.Data.Labels),
        ["example"] = List(plan.Example),
        ["h_token_bits"] = List(plan.Data.TokenBits),
        ["h_prefix_bits"] = List(plan.Data.PrefixBits),
        ["distinct_prefixes"] = List(plan.Data.DistinctPrefixes),
        ["notes"] = List(plan.Data.Notes),
        ["tokenizer"] = plan.Data.TokenizerIdentity,
    };

    private static JsonArray List(IEnumerable<string> items) => [.. items.Select(item => (JsonNode)item)];

    private static JsonArray List(IEnumerable<int> items) => [.. items.Select(item => (JsonNode)item)];

    private static JsonArray List(IEnumerable<double> items) => [.. items.Select(item => (JsonNode)item)];
}
