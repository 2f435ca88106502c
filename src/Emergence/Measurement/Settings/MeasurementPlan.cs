using System.Text.Json.Nodes;
using Emergence.Capture;
using Emergence.Checkpoints;
using Emergence.Datasets;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Files;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;
using Emergence.Measurement.Run;
using Emergence.Messages;
using Emergence.Models;
using Emergence.Tokenizers;

namespace Emergence.Measurement.Settings;

/// <summary>A measurement with every choice made and checked, before any weight is read.</summary>
public sealed class MeasurementPlan : IDisposable
{
    /// <param name="settings">What is asked for.</param>
    /// <param name="data">Sequences that are made already; none: those that the settings name.</param>
    public MeasurementPlan(MeasurementSettings settings, Dataset? data = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Settings = settings;
        Folder = ModelReference.Resolve(settings.Model);
        Config = ModelConfig.Read(Folder, settings.ModelOptions.Strict);
        Estimator = EstimatorTable.Find(settings.Estimator);
        Noise = NoiseSettings.Parse(settings.Sigma, settings.Noise);
        if (!Noise.IsOn && Estimator.Name == NoisyChannel.EstimatorName)
            throw new EmergenceException($"--sigma {NoiseSettings.None}: estimator '{Estimator.Name}' reads cells through noise; expected "
                + $"its sizes, e.g. {NoiseSettings.DefaultSigmas}", ExitCode.Usage);
        ArithmeticType = settings.DType == "auto" ? Config.StoredType ?? "float32" : settings.DType;
        var arithmetic = Arithmetic();
        if (settings.BeginningOfSequence && settings.MicroPosition == MicroPosition.Own)
            throw new EmergenceException(
                "--bos and --micro-position own do not go together: after the first token, a token alone is at position 1", ExitCode.Usage);

        Device = DeviceTable.Create(settings.Device, settings.DeviceOptions with { Arithmetic = arithmetic });
        try
        {
            Preset = CriticPreset.Find(settings.Preset, Estimator, isLarge: Device.Traits.Scale == DeviceScale.Gpu);
            var tokenizer = Tokenizer.Load(Folder);
            Data = data ?? DatasetTable.Create(settings.Data, tokenizer, new DatasetOptions(settings, Folder, Preset.Sequences));
            Example = Texts(tokenizer, Data[0]);
            Grid = new CellGrid(Config.Layers, Data.Length, Estimator, settings.Boundaries, settings.Positions, settings.Seed,
                settings.Seeds);
        }
        catch
        {
            Device.Dispose();
            throw;
        }
    }

    public MeasurementSettings Settings { get; }

    /// <summary>Where the model lies.</summary>
    public string Folder { get; }

    public ModelConfig Config { get; }

    /// <summary>E.g. "bfloat16": what was asked for, or what "auto" stands for.</summary>
    public string ArithmeticType { get; }

    public Device Device { get; }

    public Dataset Data { get; }

    /// <summary>Text of each token of the first sequence.</summary>
    public IReadOnlyList<string> Example { get; }

    public Estimator Estimator { get; }

    public CriticPreset Preset { get; }

    /// <summary>Through which every cell is read too.</summary>
    public NoiseSettings Noise { get; }

    public CellGrid Grid { get; }

    /// <summary>Those that this process measures, in the order of tables.</summary>
    public IReadOnlyList<Cell> Cells => field ??= Settings.Shard?.Cells(Grid) ?? [.. Grid.Cells];

    /// <summary>Runs what is not finished yet and says what the run has found so far.</summary>
    /// <param name="path">RUN; made if it is not there.</param>
    /// <param name="resumed">Told how many cells an earlier start finished.</param>
    /// <param name="progress">Told of every cell that is finished now.</param>
    /// <param name="checking">Told of every boundary at which the self-check begins.</param>
    /// <param name="cancellation">Ends the work soon; finished cells stay.</param>
    /// <param name="replaces">Told the manifest of another run in the folder: whether that run may be deleted to make room; none may by
    /// default.</param>
    /// <param name="placed">Told where the weights are, and why, and when they are read for their SHA-256 alone.</param>
    public RunResults Run(string path,
        Action<int> resumed, Action<CellResult> progress, Action<int> checking, CancellationToken cancellation, Func<JsonObject,
        bool>? replaces = null, Action<string>? placed = null)
    {
        ArgumentNullException.ThrowIfNull(resumed);
        ArgumentNullException.ThrowIfNull(progress);
        var memory = PlanMemory();
        var old = ManifestFile.Exists(path) ? ManifestFile.Read(path).Json : null;
        using var model = Load(memory, path, checkpoint => RunManifest.Prepare(checkpoint, old));
        placed?.Invoke(model.Placement);
        var isProvisional = Settings.Shard == null
            && (old == null ? model.IsStreamed && !model.Checkpoint.IsIdentified : RunManifest.IsProvisionalOne(old));
        var manifest = isProvisional ? new RunManifest(this, model, isProvisional) : Identified();
        using var folder = Open();
        var own = Cells.ToHashSet();
        resumed(own.Count(cell => folder.IsFinished(manifest.Key(cell))));
        var run = new GridRun(model, Data, Grid, Preset, Settings.MicroPosition, Noise,
            Device.MemoryLimit == null ? null : memory?.Critics);
        run.Run(cell => !own.Contains(cell) || folder.IsFinished(manifest.Key(cell)), Add, cancellation);
        var json = isProvisional ? folder.Settle(Identified()) : manifest.Json;
        if (Settings.SelfCheck)
            folder.SelfCheck = Results.SelfCheck.Run(model, Data, Grid, Preset, Settings.MicroPosition, checking, cancellation);
        return new RunResults(json, [.. folder.Cells]) { SelfCheck = folder.SelfCheck, Damage = folder.Damage };

        // Shards and a run without may begin together: of their manifests the first one written stands, and the others follow it.
        RunFolder Open()
        {
            while (true)
            {
                if (Settings.Shard != null)
                    SettledJournal.Settle(path, new RunManifest(this, model, isProvisional: true), manifest, cancellation);
                try
                {
                    return Settings.Shard is { } shard ? RunFolder.Open(path, manifest.Json, shard)
                        : RunFolder.Open(path, manifest.Json, replaces);
                }
                catch (EmergenceException) when (Settings.Shard != null ? IsThere(isProvisional: true)
                    : isProvisional && IsThere(isProvisional: false))
                {
                    (isProvisional, manifest) = (false, Identified());
                }
            }
        }

        bool IsThere(bool isProvisional) => ManifestFile.Exists(path)
            && RunManifest.IsProvisionalOne(ManifestFile.Read(path).Json) == isProvisional;

        RunManifest Identified()
        {
            if (model.IsStreamed && !model.Checkpoint.IsIdentified)
                placed?.Invoke("reading what is left of the weights' files for their SHA-256");
            model.Checkpoint.Identify(cancellation);
            return new(this, model, isProvisional: false);
        }

        void Add(CellResult result)
        {
            folder.Add(manifest.Key(result.Cell), result);
            progress(result);
        }
    }

    public void Dispose() => Device.Dispose();

    /// <summary>The model as the run has it: weights and rows within the same bounds.</summary>
    internal LanguageModel LoadModel(string run) => Load(PlanMemory(), run);

    /// <summary>
    /// What goes if; null if nothing is limited and the weights are small beside what is free, or not everything fits: then what
    /// fits is loaded, and a part that finds no memory waits for another one to end.
    /// </summary>
    private MemoryPlan? PlanMemory()
    {
        const int Small = 8;
        if (Device.MemoryLimit == null && Settings.ModelOptions.Weights == WeightPlacement.Auto
            && Config.EstimateBytes < Device.AvailableBytes / Small)
            return null;
        var memory = MemoryPlan.Of(this);
        return memory.Fits ? memory : Device.MemoryLimit == null ? null : throw new EmergenceException(memory.Shortage(Device.Name));
    }

    /// <summary>The model, its weights and rows where the plan puts them.</summary>
    private LanguageModel Load(MemoryPlan? memory, string run, Action<Checkpoint>? opened = null)
    {
        var scratch = Settings.ModelOptions.Scratch ?? run;
        ScratchFile.Require(scratch, memory?.ScratchBytes ?? 0);
        var options = Settings.ModelOptions with { Scratch = scratch };
        var model = LanguageModel.Load(Folder, Device, options, sizes => memory == null
            ? WeightChoice.Of(Device, sizes, options.Weights)
            : WeightChoice.Given(sizes, memory.Blocks, memory.Demand, memory.Reason, memory.Unpacked), opened);
        model.KeepsRowsOnDisk = memory?.ScratchBytes > 0;
        return model;
    }

    /// <summary>
    /// Devices compute in single precision (the reference device in double), some also in bf16; stored weights keep their own
    /// type.
    /// </summary>
    private DType Arithmetic()
    {
        var device = DeviceTable.Find(Settings.Device);
        return ArithmeticType switch
        {
            "float32" => DType.Float32,
            "bfloat16" when device.HasBFloat16 => DType.BFloat16,
            _ =>
                throw new EmergenceException(
                $"--dtype {Settings.DType}: device {device.Name} does not compute in {Printable.Escape(ArithmeticType)}; use float32, "
                + $"weights are converted as they are used", ExitCode.Usage),
        };
    }

    /// <summary>What each token adds to the text: some tokenizers drop the space before the first one.</summary>
    private static string[] Texts(Tokenizer tokenizer, ReadOnlySpan<int> tokens)
    {
        var (texts, before) = (new string[tokens.Length], "");
        for (var t = 0; t < tokens.Length; t++)
        {
            var text = tokenizer.Decode(tokens[..(t + 1)]);
            texts[t] = text[Math.Min(before.Length, text.Length)..];
            before = text;
        }

        return texts;
    }
}
