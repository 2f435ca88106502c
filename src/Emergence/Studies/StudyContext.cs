using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Emergence.Checkpoints;
using Emergence.Datasets;
using Emergence.Devices;
using Emergence.Information.Critics;
using Emergence.Measurement.Results;
using Emergence.Measurement.Run;
using Emergence.Measurement.Settings;
using Emergence.Messages;
using Emergence.Models;
using Emergence.Reports;
using Emergence.Tokenizers;

namespace Emergence.Studies;

/// <summary>What a study works with: its options, its models, and a folder in which everything expensive is done once.</summary>
internal sealed class StudyContext : IDisposable
{
    private readonly Study _study;
    private readonly string _path;
    private StudyFolder? _folder;
    private readonly StudyProgress _progress;
    private readonly Dictionary<string, IReadOnlyList<string>> _values = new(StringComparer.Ordinal);

    /// <param name="study">Whose options the settings hold.</param>
    /// <param name="settings">What is asked for.</param>
    /// <param name="folder">STUDY; made if it is not there, once there is something to put into it.</param>
    /// <param name="progress">Told how far the study is.</param>
    /// <param name="cancellation">Ends the work soon; what is finished stays.</param>
    public StudyContext(Study study, StudySettings settings, string folder, StudyProgress progress, CancellationToken cancellation)
    {
        (_study, Settings, _path, _progress, Cancellation) = (study, settings, folder, progress, cancellation);
        if (settings.Models.Count < study.LeastModels)
            throw new EmergenceException(
                $"study {study.Name} needs --model{(study.LeastModels > 1 ? $", {study.LeastModels} times" : "")}: found "
                + $"{settings.Models.Count}", ExitCode.Usage);
        foreach (var option in study.Options)
            _values[option.Name] = settings.Values.TryGetValue(option.Name, out var given) && given.Count > 0 ? given
                : option.Default is { } value ? [value] : [];
        Models = [.. settings.Models.Select(model => new StudyModel(model, ModelReference.Resolve(model)))];
        if (Models.GroupBy(model => model.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new EmergenceException($"two models are named '{twice.Key}': name each once", ExitCode.Usage);
        Device = DeviceTable.Create(settings.Device, settings.DeviceOptions);
        try
        {
            // Whether it can be gone on with is told before any work.
            if (Directory.Exists(folder))
                _folder = StudyFolder.Open(folder, Manifest());
        }
        catch
        {
            Device.Dispose();
            throw;
        }
    }

    public StudySettings Settings { get; }

    public IReadOnlyList<StudyModel> Models { get; }

    public Device Device { get; }

    public CancellationToken Cancellation { get; }

    /// <summary>Made late, so that a mistake in the options leaves nothing behind.</summary>
    private StudyFolder Folder => _folder ??= StudyFolder.Open(_path, Manifest());

    /// <summary>The worst of the runs so far.</summary>
    public ExitCode ExitCode { get; private set; }

    /// <summary>Every option of the study with its values.</summary>
    public JsonObject Chosen
    {
        get
        {
            var options = new JsonObject();
            foreach (var option in _study.Options)
                options[option.Name] = new JsonArray([.. _values[option.Name].Select(value => (JsonNode)value)]);
            return options;
        }
    }

    /// <summary>The command that repeats the study.</summary>
    public string Command
    {
        get
        {
            var words = new List<string> { $"emergence study {_study.Name}" };
            words.AddRange(Settings.Models.Select(model => $"--model {ShellWord.Quote(model)}"));
            foreach (var option in _study.Options.Where(option =>
                !_values[option.Name].SequenceEqual(option.Default is { } value ? [value] : [])))
                words.AddRange(_values[option.Name].Select(value =>
                    option.Kind == StudyOptionKind.Switch ? $"--{option.Name}" : $"--{option.Name} {ShellWord.Quote(value)}"));
            words.AddRange(Settings.ModelOptions.IgnoreWeights.Select(pattern => $"--ignore-weights {ShellWord.Quote(pattern)}"));
            if (Settings.ModelOptions.AllowNonFinite)
                words.Add("--allow-nonfinite");
            if (Settings.Device != DeviceTable.Auto)
                words.Add($"--device {ShellWord.Quote(Settings.Device)}");
            if (Settings.Seed != 1)
                words.Add(FormattableString.Invariant($"--seed {Settings.Seed}"));
            return string.Join(" \\\n  ", [.. words, "--out STUDY"]);
        }
    }

    /// <summary>All values of an option, in order.</summary>
    public IReadOnlyList<string> All(string option) => _values[option];

    public string? Optional(string option) => _values[option].Count > 0 ? _values[option][^1] : null;

    public string Text(string option) =>
        Optional(option) ?? throw new EmergenceException($"study {_study.Name} needs --{option}", ExitCode.Usage);

    public int Whole(string option, int least = 1) =>
        int.TryParse(Text(option), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least
        ? value
        : throw new EmergenceException($"--{option} {Printable.Escape(Text(option))}: expected a whole number, {least} or more",
            ExitCode.Usage);

    public double Number(string option) => double.TryParse(Text(option), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
        && double.IsFinite(value)
        ? value
        : throw new EmergenceException($"--{option} {Printable.Escape(Text(option))}: expected a number", ExitCode.Usage);

    public void Say(string what) => _progress.Say(what);

    /// <summary>The model in the device's memory; the caller closes it.</summary>
    public LanguageModel Load(StudyModel model)
    {
        Say($"loading {model.Name}");
        var options = Settings.ModelOptions;
        var loaded = LanguageModel.Load(model.Folder, Device, options, sizes =>
            WeightChoice.Of(Device, sizes, options.Weights, demand: new(Head: true)));
        Say($"{model.Name}: {loaded.Placement}");
        return loaded;
    }

    /// <summary>The settings of a run with the options that the study has of <see cref="StudyOption.Settings"/>.</summary>
    public MeasurementSettings Measurement(StudyModel model, string? data = null, string? estimator = null)
    {
        var settings = new MeasurementSettings
        {
            Model = model.Reference,
            Data = data ?? Text("data"),
            Seed = Settings.Seed,
            Device = Settings.Device,
            DeviceOptions = Settings.DeviceOptions,
            ModelOptions = Settings.ModelOptions,
            Command = Command,
        };
        foreach (var row in StudyOption.Settings.Where(row => _values.TryGetValue(row.Name, out var words) && words.Count > 0))
            settings = row.Read(settings, _values[row.Name]);
        return settings with { Data = data ?? settings.Data, Estimator = estimator ?? settings.Estimator };
    }

    /// <summary>A run of its own in runs/<paramref name="name"/>, resumed where it ended.</summary>
    /// <param name="name">Name of its folder.</param>
    /// <param name="settings">As <see cref="Measurement"/> makes them.</param>
    /// <param name="data">Sequences that are made already; none: those that the settings name.</param>
    public RunResults Measure(string name, MeasurementSettings settings, Dataset? data = null)
    {
        using var plan = new MeasurementPlan(settings, data);
        var path = Folder.Run(name);
        var results = plan.Run(path, finished => _progress.Begin(name, plan, finished), _progress.Advance, _ => { }, Cancellation);
        _progress.End(results);
        RunReport.Write(results, path, Settings.Language);

        // The demo's trainings are cut short on purpose: that is no failure.
        var code = results.ExitCode == ExitCode.NotConverged && plan.Preset == CriticPreset.Demo ? ExitCode.Ok : results.ExitCode;
        if (code == ExitCode.SomeCellsFailed || ExitCode == ExitCode.Ok)
            ExitCode = code;
        return results;
    }

    /// <summary>Numbers that take long: computed once, kept under their key in the study's journal.</summary>
    public double[] Once(string key, Func<IReadOnlyList<double>> compute)
    {
        Cancellation.ThrowIfCancellationRequested();
        return Folder.Once(key, compute);
    }

    /// <summary>Whether <see cref="Once"/> has this key's numbers already.</summary>
    public bool Knows(string key) => _folder?.Knows(key) ?? false;

    /// <summary>The sequences that a run with these settings has.</summary>
    public static Dataset Sequences(MeasurementSettings settings)
    {
        using var plan = new MeasurementPlan(settings);
        return plan.Data;
    }

    /// <summary>Runs the study and writes its folder.</summary>
    /// <returns>What was found, and the page.</returns>
    public (StudyResult Result, string Page) Run()
    {
        var result = _study.Run(this);
        return (result, Folder.Write(_study, result, Command, Settings.Language));
    }

    public void Dispose()
    {
        _folder?.Dispose();
        Device.Dispose();
    }

    private JsonObject Manifest()
    {
        var files = new JsonObject();
        foreach (var option in _study.Options)
        {
            foreach (var file in _values[option.Name]
                .Where(value => (option.Kind == StudyOptionKind.File || option.Name == "data") && File.Exists(value)))
                files[file] = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));
        }

        return new JsonObject
        {
            ["format"] = 1,
            ["study"] = _study.Name,
            ["options"] = Chosen,
            ["files_sha256"] = files,
            ["seed"] = Settings.Seed,
            ["ignore_weights"] = new JsonArray([.. Settings.ModelOptions.IgnoreWeights.Select(pattern => (JsonNode)pattern)]),
            ["allow_nonfinite"] = Settings.ModelOptions.AllowNonFinite,
            ["models"] = new JsonArray([.. Models.Select(Identity)]),
            ["device"] = new JsonObject { ["name"] = Device.Name, ["path"] = Device.Path, ["description"] = Device.Description },
            ["code"] = new JsonObject { ["version"] = RunManifest.Version, ["build"] = RunManifest.Build },
            ["created"] = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        };
    }

    private JsonObject Identity(StudyModel model)
    {
        using var checkpoint = Checkpoint.Open(model.Folder);
        checkpoint.Identify(Cancellation);
        return new JsonObject { ["name"] = model.Reference, ["weights_sha256"] = checkpoint.Identity,
            ["config_sha256"] = ModelConfig.Read(model.Folder).Sha256 };
    }
}

/// <summary>A model of a study.</summary>
/// <param name="Reference">As the user named it.</param>
/// <param name="Folder">Where it lies.</param>
internal sealed record StudyModel(string Reference, string Folder)
{
    /// <summary>The last part of a folder or of org/name, fit for tables and names of folders.</summary>
    public string Name { get; } = string.Concat(Reference.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries).LastOrDefault("model")
        .Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-'));

    public Tokenizer Tokenizer => field ??= Tokenizer.Load(Folder);
}
