using System.Globalization;
using System.Text.Json.Nodes;
using Emergence.Datasets;
using Emergence.Devices;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Noise;
using Emergence.Measurement.Grid;
using Emergence.Messages;
using Emergence.Models;

namespace Emergence.Measurement.Settings;

/// <summary>Every setting of a measurement, one row each, in the order of the manifest.</summary>
internal static class SettingTable
{
    /// <summary>Names of all estimators, and where more is said of them.</summary>
    public static string EstimatorNames { get; } =
        $"{string.Join(", ", EstimatorTable.Rows.Select(row => row.Name))} (docs/estimators.md says when to use which)";

    public static Setting Model { get; } =
        new("model", "DIR_OR_NAME", "A folder, a sample's name (stories260k), or org/name[@revision] in the Hugging Face cache")
    {
        IsRequired = true,
        Read = (settings, words) => settings with { Model = words[^1] },
        Write = settings => [settings.Model],
        Record = plan => plan.Settings.Model,
    };

    public static Setting Data { get; } =
        new("data", "NAME_OR_FILE", $"The sequences: {string.Join("; ", DatasetTable.Names.Select(row => $"{row.Name} ({row.About})"))}")
    {
        IsRequired = true,
        Alias = "entities",
        Read = (settings, words) => settings with { Data = words[^1] },
        Write = settings => [settings.Data],
        Record = plan => plan.Settings.Data,
    };

    public static Setting Shots { get; } = Setting.Whole(
        "shots", "Words of a sequence of a word list, or shots of a template", 3, settings => settings.Shots, (settings, value) =>
            settings with { Shots = value })
        with { Repeat = (recorded, manifest) => ShotLength(manifest) > 0 ? [recorded.ToString()] : [] };

    public static Setting EntityTokens { get; } = Setting.Whole(
        "entity-tokens", "Tokens that every word of a word list has; positions are then tokens of a word", 1,
        settings => settings.EntityTokens, (settings, value) => settings with { EntityTokens = value })
        with { Repeat = (recorded, _) => recorded.ToString() == "1" ? [] : [recorded.ToString()] };

    public static Setting Separator { get; } = Setting.Words(
        "separator", "TEXT", "What follows every word of a word list; by default the comma of its script: , or \u3001 or \u060c",
        settings => settings.Separator, (settings, value) => settings with { Separator = value });

    public static Setting Window { get; } = Setting.Whole(
        "window", "Tokens of a text window", 8, settings => settings.Window, (settings, value) => settings with { Window = value })
        with { Repeat = (recorded, manifest) => ShotLength(manifest) > 0 ? [] : [recorded.ToString()] };

    public static Setting Template { get; } = Setting.Words(
        "template",
        "TEXT",
        "Text of a shot with fields for labelled rows, e.g. \"{1}, The emotion of this sentence is {2:0=sad,1=happy},\"; "
            + "fields are columns by name or number, the last one is the label",
        settings => settings.Template,
        (settings, value) => settings with { Template = value });

    public static Setting FieldTokens { get; } = Setting.Whole(
        "field-tokens", "Tokens that text fields of a template are cut to; shorter ones are left out", 8,
        settings => settings.FieldTokens, (settings, value) => settings with { FieldTokens = value })
        with { Repeat = (recorded, manifest) => manifest["settings"]?["template"] == null ? [] : [recorded.ToString()] };

    public static Setting Sequences { get; } = new("sequences", "N", "How many sequences at most; by default what the preset says")
    {
        Read = (settings, words) => settings with { Sequences = Setting.ParseWhole("sequences", words[^1], 1) },
        Write = settings => settings.Sequences is { } most ? [Setting.Text(most)] : [],
        Record = plan => plan.Settings.Sequences ?? plan.Preset.Sequences,
    };

    public static Setting WithReplacement { get; } = Setting.Switch(
        "with-replacement", "Draw with replacement, as the published script does",
        settings => settings.WithReplacement, (settings, value) => settings with { WithReplacement = value });

    public static Setting BeginningOfSequence { get; } = Setting.Switch(
        "bos", "Put the beginning-of-sequence token before every sequence",
        settings => settings.BeginningOfSequence, (settings, value) => settings with { BeginningOfSequence = value });

    public static Setting Boundaries { get; } = Setting.Words(
        "boundaries", "LIST", "Between l and l+1, e.g. 0,3,10-12; by default all", settings => settings.Boundaries, (settings, value) =>
            settings with { Boundaries = value })
        with
        {
            Record = plan => List(plan.Grid.Boundaries),
            Repeat = (recorded, manifest) => Ranges(recorded, (int?)manifest["model"]?["layers"]),
        };

    public static Setting Positions { get; } = Setting.Words(
        "positions", "LIST", "Tokens of a sequence, from 0; by default all", settings => settings.Positions, (settings, value) =>
            settings with { Positions = value })
        with
        {
            Record = plan => List(plan.Grid.Positions),
            Repeat = (recorded, manifest) => Ranges(recorded, (manifest["data"]?["labels"] as JsonArray)?.Count),
        };

    public static Setting Estimator { get; } = Setting.Words(
        "estimator",
        "NAME",
        $"How each value is found: {EstimatorNames}",
        settings => settings.Estimator,
        (settings, value) => settings with { Estimator = value },
        "s-mine")
        with { Record = plan => plan.Estimator.Name };

    public static Setting Sigma { get; } = Setting.Words(
        "sigma",
        "LIST",
        "Sizes of the noise through which every cell is read beside its own value, in units of the states; none: not at all",
        settings => settings.Sigma,
        (settings, value) => settings with { Sigma = value },
        NoiseSettings.DefaultSigmas)
        with
        {
            Record = plan => new JsonArray([.. plan.Noise.Sigmas.Select(sigma => (JsonNode)sigma)]),
            Repeat = (recorded, _) => Sizes(recorded.AsArray()) is var text && text != NoiseSettings.DefaultSigmas ? [text] : [],
        };

    public static Setting Noise { get; } = new(
        "noise",
        string.Join('|', NoiseScales.Names),
        "Units of the noise: equal in all directions, the standard deviation of each column, or the size of each state")
    {
        Default = NoiseScales.Names[0],
        Choices = NoiseScales.Names,
        Read = (settings, words) => settings with { Noise = words[^1] },
        Write = settings => settings.Noise == NoiseScales.Names[0] ? [] : [settings.Noise],
        Record = plan => plan.Noise.Scale.Word(),
        Repeat = (recorded, _) => recorded.ToString() == NoiseScales.Names[0] ? [] : [recorded.ToString()],
    };

    public static Setting Preset { get; } = Setting.Words(
        "preset",
        string.Join('|', CriticPreset.All.Select(row => row.Name)),
        "Size of the trainings; by default canonical for s-mine, else small on a CPU, paper on a GPU",
        settings => settings.Preset,
        (settings, value) => settings with { Preset = value })
        with
        {
            Record = plan => plan.Preset.Identity,
            Repeat = (recorded, _) => [recorded.ToString().Split(':')[0]],
        };

    public static Setting Seed { get; } = new("seed", "N", "Seed that draws the sequences, and the first of the seeds of the trainings")
    {
        Default = "1",
        Read = (settings, words) => settings with { Seed = ParseSeed(words[^1]) },
        Write = settings => settings.Seed == 1 ? [] : [Setting.Text(settings.Seed)],
        Record = plan => plan.Settings.Seed,
    };

    public static Setting Seeds { get; } = Setting.Whole(
        "seeds", "Trainings of each cell", 3, settings => settings.Seeds, (settings, value) => settings with { Seeds = value })
        with { Record = plan => plan.Grid.Seeds.Count };

    public static Setting SelfCheck { get; } = Setting.Switch(
        "self-check",
        "Also hold the estimator against what mutual information obeys (independence, data processing, additivity, symmetry, invariance), "
            + "on these activations",
        settings => settings.SelfCheck,
        (settings, value) => settings with { SelfCheck = value })
        with { Record = null };

    public static Setting Device { get; } = Setting.Words(
        "device",
        "D",
        $"The device that computes: {string.Join(", ", DeviceTable.Rows.Select(row => row.Name).Prepend(DeviceTable.Auto))}; "
            + "one of several GPUs by its number, e.g. cuda:1",
        settings => settings.Device,
        (settings, value) => settings with { Device = value },
        DeviceTable.Auto)
        with { Record = plan => plan.Device.Name };

    public static Setting Threads { get; } = Setting.Whole(
        "threads",
        "Host threads, 0 for all that are allocated (affinity, control groups, Slurm); results do not depend on it",
        0,
        settings => settings.DeviceOptions.Threads,
        (settings, value) => settings with { DeviceOptions = settings.DeviceOptions with { Threads = value } },
        least: 0)
        with { Record = null };

    public static Setting RunTimeCompiler { get; } = Setting.Words(
        "nvrtc",
        "FILE",
        "Compile the GPU code by this NVRTC (libnvrtc.so) instead of taking the embedded one. Without embedded code NVRTC is looked for "
            + "by the "
            + "loader, in CUDA_HOME, CUDA_PATH and /usr/local/cuda, and in Python's nvidia packages (VIRTUAL_ENV, CONDA_PREFIX, ~/.local, "
            + "/usr/local, /usr, /opt/conda)",
        settings => settings.DeviceOptions.NvrtcFile,
        (settings, value) => settings with { DeviceOptions = settings.DeviceOptions with { NvrtcFile = value } })
        with { Record = null };

    public static Setting DType { get; } = Setting.Words(
        "dtype",
        "float32|bfloat16|auto",
        "Type of the arithmetic; stored weights keep their own",
        settings => settings.DType,
        (settings, value) => settings with { DType = value },
        "float32")
        with { Record = plan => plan.ArithmeticType };

    public static Setting MicroPosition { get; } = new("micro-position", "zero|own", "Position id of a token that runs alone")
    {
        Default = "zero",
        Choices = ["zero", "own"],
        Read = (settings, words) =>
            settings with { MicroPosition = words[^1] == "own" ? Capture.MicroPosition.Own : Capture.MicroPosition.Zero },
        Write = settings => settings.MicroPosition == Capture.MicroPosition.Own ? ["own"] : [],
        Record = plan => plan.Settings.MicroPosition == Capture.MicroPosition.Own ? "own" : "zero",
        Repeat = (recorded, _) => recorded.ToString() == "own" ? ["own"] : [],
    };

    public static Setting Strict { get; } = Setting.Switch(
        "strict", "Unknown keys in config.json are errors",
        settings => settings.ModelOptions.Strict, (settings, value) =>
            settings with { ModelOptions = settings.ModelOptions with { Strict = value } })
        with { Record = null };

    public static Setting IgnoreWeights { get; } =
        new("ignore-weights", "PATTERN", "Leave out tensors with this name; * and ? stand for any characters")
    {
        IsRepeated = true,
        Read = (settings, words) => settings with { ModelOptions = settings.ModelOptions with { IgnoreWeights = words } },
        Write = settings => settings.ModelOptions.IgnoreWeights,
        Record = plan => new JsonArray([.. plan.Settings.ModelOptions.IgnoreWeights.Select(pattern => (JsonNode)pattern)]),
    };

    public static Setting AllowNonFinite { get; } = Setting.Switch(
        "allow-nonfinite", "Take weights that are NaN or infinite",
        settings => settings.ModelOptions.AllowNonFinite,
        (settings, value) => settings with { ModelOptions = settings.ModelOptions with { AllowNonFinite = value } });

    public static Setting Weights { get; } =
        new("weights", "auto|resident|streamed", "Where the weights are while the model runs: all in memory, or on the disk, from which "
            + "one block after the other is read; auto: in memory if everything fits there. Results do not depend on it")
    {
        Default = "auto",
        Choices = ["auto", "resident", "streamed"],
        Read = (settings, words) => settings with { ModelOptions = settings.ModelOptions with { Weights = Placement(words[^1]) } },
        Write = settings => settings.ModelOptions.Weights == WeightPlacement.Auto ? []
            : [settings.ModelOptions.Weights.ToString().ToLowerInvariant()],
    };

    public static Setting Memory { get; } =
        new("memory", "SIZE", "Memory that the run may take, e.g. 8GiB: on a CPU of the whole process, on a GPU of its memory; by default "
            + "what is free. Results do not depend on it")
    {
        Read = (settings, words) =>
            settings with { DeviceOptions = settings.DeviceOptions with { Memory = ByteSize.Parse("--memory", words[^1]) } },
        Write = settings => settings.DeviceOptions.Memory is { } bytes ? [ByteSize.Write(bytes)] : [],
    };

    public static Setting Scratch { get; } = Setting.Words(
        "scratch",
        "DIR",
        "Folder for rows of boundaries that do not fit into memory; by default that of the results. Its files are gone when the run ends",
        settings => settings.ModelOptions.Scratch,
        (settings, value) => settings with { ModelOptions = settings.ModelOptions with { Scratch = value } })
        with { Record = null };

    /// <summary>How the sequences are made.</summary>
    public static IReadOnlyList<Setting> OfData { get; } =
        [Data, Shots, EntityTokens, Separator, Window, Template, FieldTokens, Sequences, WithReplacement, BeginningOfSequence, Seed];

    /// <summary>What computes.</summary>
    public static IReadOnlyList<Setting> OfDevice { get; } = [Device, Threads, RunTimeCompiler, Memory];

    /// <summary>What a checkpoint may hold.</summary>
    public static IReadOnlyList<Setting> OfModel { get; } = [Strict, IgnoreWeights, AllowNonFinite, Weights, Scratch];

    /// <summary>Every row, in the order of the manifest.</summary>
    public static IReadOnlyList<Setting> Rows { get; } =
    [
        Model, Data, Shots, EntityTokens, Separator, Window, Template, FieldTokens, Sequences, WithReplacement, BeginningOfSequence,
        Boundaries, Positions, Estimator, Sigma, Noise, Preset, Seed, Seeds, SelfCheck, Device, Threads, RunTimeCompiler, DType,
        MicroPosition, Strict, IgnoreWeights, AllowNonFinite, Weights, Memory, Scratch,
    ];

    /// <summary>Settings from the words that were given for each row.</summary>
    public static MeasurementSettings Read(IReadOnlyDictionary<string, IReadOnlyList<string>> words, MeasurementSettings start) =>
        Rows.Where(row => words.ContainsKey(row.Name)).Aggregate(start, (settings, row) => row.Read(settings, words[row.Name]));

    /// <summary>The words of the command that asks for these settings, without the program's name and --out.</summary>
    public static IReadOnlyList<string> Write(MeasurementSettings settings) =>
        [.. Rows.SelectMany(row => row.Phrases(row.Write(settings)))];

    /// <summary>What a plan came to, as the manifest holds it; the command is a label.</summary>
    public static JsonObject Record(MeasurementPlan plan)
    {
        var record = new JsonObject();
        foreach (var row in Rows.Where(row => row.Record != null))
            record[row.RecordedName] = row.Record!(plan);
        record["command"] = plan.Settings.Command;
        return record;
    }

    /// <summary>The command that repeats a run, from its manifest alone.</summary>
    public static string Command(JsonNode manifest)
    {
        var settings = manifest["settings"];
        return settings?["command"] is { } command
            ? command.ToString()
            : string.Join(" \\\n  ", ["emergence measure", .. Rows.SelectMany(row => row.Phrases(Recorded(row, settings, manifest))),
                "--out RUN"]);
    }

    private static IReadOnlyList<string> Recorded(Setting row, JsonNode? settings, JsonNode manifest) =>
        settings?[row.RecordedName] is { } recorded ? row.Repeat(recorded, manifest) : [];

    private static int ShotLength(JsonNode manifest) => (int?)manifest["data"]?["shot_length"] ?? 0;

    private static ulong ParseSeed(string word) =>
        ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var seed)
            ? seed
            : throw Setting.Misuse("seed", $"a whole number from 0 to {ulong.MaxValue}", word);

    private static WeightPlacement Placement(string word) => word switch
    {
        "resident" => WeightPlacement.Resident,
        "streamed" => WeightPlacement.Streamed,
        "auto" => WeightPlacement.Auto,
        _ => throw Setting.Misuse("weights", "auto, resident or streamed", word),
    };

    private static JsonArray List(IEnumerable<int> items) => [.. items.Select(item => (JsonNode)item)];

    /// <summary>"0.25,1" for a list of sizes, and the word for none.</summary>
    private static string Sizes(JsonArray recorded) =>
        recorded.Count == 0 ? NoiseSettings.None : string.Join(',', recorded.Select(sigma => sigma!.ToJsonString()));

    /// <summary>"0,3,10-12" for a list of whole numbers; nothing if it holds all of them.</summary>
    private static IReadOnlyList<string> Ranges(JsonNode recorded, int? all)
    {
        var numbers = recorded.AsArray().Select(item => (int)item!).ToList();
        return numbers.Count == all ? [] : [NumberList.Ranges(numbers)];
    }
}
