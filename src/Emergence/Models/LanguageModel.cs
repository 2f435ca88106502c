using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Files;
using Emergence.Messages;

namespace Emergence.Models;

/// <summary>SHA-256 of what defines a model, lower-case hex.</summary>
public readonly record struct ModelIdentity(string Weights, string Config);

/// <summary>A language model in a device's memory, ready to be run.</summary>
public sealed class LanguageModel : IDisposable
{
    private readonly Checkpoint _checkpoint;

    private LanguageModel(
        Device device, ModelConfig config, Checkpoint checkpoint, WeightFiles files, WeightSizes sizes, WeightChoice choice)
    {
        Config = config;
        _checkpoint = checkpoint;
        WeightBytes = files.Bytes;
        IgnoredWeights = files.Ignored;
        IsStreamed = choice.IsStreamed;
        Placement = !choice.IsStreamed ? $"weights resident: {choice.Reason}"
            : $"weights streamed: {choice.Reason}; every pass of rows through the model reads "
                + $"{(choice.Blocks == 0 ? "at least" : "at most")} {ByteSize.Rounded(sizes.ReadOnce(default, config.Layers))} of them";
        Transformer = new(device, config.Shape, files, choice);
    }

    public ModelConfig Config { get; }

    public string Architecture => Config.ModelType;

    /// <summary>L.</summary>
    public int Layers => Config.Layers;

    /// <summary>d.</summary>
    public int Width => Config.Width;

    public int VocabularySize => Config.VocabularySize;

    public int MaxPositions => Config.MaxPositions;

    /// <summary>Keys of config.json that nothing is known about.</summary>
    public IReadOnlyList<string> UnknownConfigKeys => Config.UnknownKeys;

    /// <summary>Tensors of the checkpoint that were left out.</summary>
    public IReadOnlyList<string> IgnoredWeights { get; }

    /// <summary>Bytes of the weights as they are stored; packed ones are unpacked while their block is used.</summary>
    public long WeightBytes { get; }

    /// <summary>Where the weights are while the model runs, and why; one line.</summary>
    public string Placement { get; }

    /// <summary>Whether weights stay on the disk.</summary>
    internal bool IsStreamed { get; }

    /// <summary>Folder for rows that do not fit into memory; null: all must fit.</summary>
    public string? Scratch { get; set; }

    /// <summary>Rows go there also if they would fit, because something else is to be in memory.</summary>
    internal bool KeepsRowsOnDisk { get; set; }

    /// <summary>What the checkpoint says that looks wrong but does no harm, and what of it is not run.</summary>
    public IReadOnlyList<string> Warnings => [.. _checkpoint.Warnings, .. Config.Shape.Notes, .. Towers];

    /// <summary>Whether the checkpoint has what scores of the next token need.</summary>
    public bool HasHead => Transformer.HasHead;

    /// <summary>The first use reads every byte of the weights again, or what <see cref="Checkpoint.Identity"/> says.</summary>
    public ModelIdentity Identity => new(_checkpoint.Identity, Config.Sha256);

    /// <summary>Files of the weights.</summary>
    internal Checkpoint Checkpoint => _checkpoint;

    public Device Device => Transformer.Device;

    internal Transformer Transformer { get; }

    /// <summary>
    /// Loads the model of a folder. Config and the headers of all weight files are checked, and the memory is held against
    /// what the device has, before a weight is read.
    /// </summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="device">Computes.</param>
    /// <param name="options">What a user chooses.</param>
    public static LanguageModel Load(string folder, Device device, ModelOptions? options = null) =>
        Load(folder, device, options ??= new(), sizes => WeightChoice.Of(device, sizes, options.Weights));

    /// <summary>Loads a model whose weights are where <paramref name="choose"/> says.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="device">Computes.</param>
    /// <param name="options">What a user chooses.</param>
    /// <param name="choose">Told the sizes of the weights.</param>
    /// <param name="opened">Told the files before a weight is read.</param>
    internal static LanguageModel Load(string folder, Device device, ModelOptions options, Func<WeightSizes, WeightChoice> choose,
        Action<Checkpoint>? opened = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (options.Scratch is { } scratch)
            ScratchFile.Require(scratch, 0);
        var config = ModelConfig.Read(folder, options.Strict);
        var checkpoint = Checkpoint.Open(folder);
        try
        {
            var files = new WeightFiles(config, checkpoint, options);
            opened?.Invoke(checkpoint);
            var sizes = WeightSizes.Of(config.Shape, files);
            var choice = choose(sizes);
            if (device.MemoryLimit != null)
                RequireWithinLimit(folder, device, choice);
            else if (!choice.IsStreamed)
                files.RequireMemory(device.AvailableBytes, device.Name);
            else if (choice.Needed > device.AvailableBytes)
                throw new EmergenceException(
                    $"{Printable.Escape(folder)}: weights that are streamed need {choice.Needed:N0} bytes, device {device.Name} has "
                    + $"{device.AvailableBytes:N0}: use a smaller model or a device with more memory");
            return new(device, config, checkpoint, files, sizes, choice) { Scratch = options.Scratch };
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Throws unless every id is one of the vocabulary and the sequence has 1 .. MaxPositions of them.</summary>
    public void RequireValid(ReadOnlySpan<int> tokens, string what)
    {
        if (tokens.Length == 0)
            throw new EmergenceException($"{what} is empty: expected at least one token id", ExitCode.Usage);
        if (tokens.Length > MaxPositions)
            throw new EmergenceException($"{what} has {tokens.Length} tokens, the model takes at most {MaxPositions}", ExitCode.Usage);
        for (var i = 0; i < tokens.Length; i++)
        {
            if ((uint)tokens[i] >= (uint)VocabularySize)
                throw new EmergenceException($"{what}: id {tokens[i]} at position {i} is not in 0 .. {VocabularySize - 1}", ExitCode.Usage);
        }
    }

    /// <summary>Throws unless the checkpoint has what scores of the next token need.</summary>
    public void RequireHead()
    {
        if (!HasHead)
            throw new EmergenceException(
                $"{Printable.Escape(_checkpoint.Folder)}: the checkpoint has no {Config.Shape.Names.Head}.weight, which scores of the "
                + $"next token need; boundaries need none");
    }

    /// <summary>Scores of what may follow a sequence, (V).</summary>
    public float[] NextTokenLogits(ReadOnlySpan<int> tokens)
    {
        RequireValid(tokens, "the sequence");
        RequireHead();
        using var rows = TokenRows.Chain(Device, Config, tokens);
        using var memory = Transformer.AllocateMemory(rows.Count);
        using var shared = Transformer.AllocateShared(rows.Count);
        using var first = Device.Allocate(rows.Count, Width);
        using var second = Device.Allocate(rows.Count, Width);
        using var scores = Device.Allocate(1, VocabularySize);
        var (x, y) = (first, second);
        Transformer.Embed(rows, x);
        for (var layer = 0; layer < Layers; layer++)
        {
            Transformer.Block(layer, rows, x, y, memory, shared);
            (x, y) = (y, x);
        }

        var last = x.RowRange(rows.Count - 1, 1);
        if (Config.HasFinalNorm)
            Transformer.FinalNorm(last, last);
        Transformer.Logits(last, scores);
        var result = new float[VocabularySize];
        Device.Download(scores, result);
        return result;
    }

    private static void RequireWithinLimit(string folder, Device device, WeightChoice choice)
    {
        var needed = choice.Needed + choice.Besides;
        if (needed > device.AvailableBytes)
            throw new EmergenceException(
                $"{Printable.Escape(folder)}: weights and what runs beside them need {needed:N0} bytes, of --memory "
                + $"{device.AvailableBytes:N0} are free on device {device.Name}; --memory "
                + $"{ByteSize.RoundedUp(device.HeldBytes + needed + HostMemory.VaryingBytes)} is the smallest that would do");
    }

    /// <summary>What reads images or sounds beside the language model.</summary>
    private IEnumerable<string> Towers
    {
        get
        {
            var towers = IgnoredWeights.Where(NestedConfigs.IsTower).ToArray();
            if (Config.IsNested && towers.Length > 0)
                yield return $"only the language model is run ({Config.ModelType}); {towers.Length} tensors beside it are passed over: "
                    + $"{string.Join(", ", towers.Select(name => name.Split('.')[0]).Distinct())}";
        }
    }

    public void Dispose()
    {
        Transformer.Dispose();
        _checkpoint.Dispose();
    }
}
