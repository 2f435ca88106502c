using System.Text.Json;
using Emergence.Checkpoints;
using Emergence.Files;

namespace Emergence.Models.Vision;

/// <summary>
/// How a picture becomes the numbers that a CLIP vision model reads, as preprocessor_config.json says: resized by bytes,
/// cropped, rescaled, normalised by channel. Grey is the same in all channels.
/// </summary>
internal sealed class ImageProcessor
{
    private const int MaximumSide = 1 << 14;

    /// <summary>What the class of CLIP's processor says of absent keys; sizes are those of the published model.</summary>
    private static readonly JsonElement s_defaults = JsonDocument.Parse("""
        {
          "do_resize": true, "resample": 3, "do_center_crop": true, "do_rescale": true, "rescale_factor": 0.00392156862745098,
          "do_normalize": true
        }
        """).RootElement;

    private static readonly double[] s_mean = [0.48145466, 0.4578275, 0.40821073], s_deviation = [0.26862954, 0.26130258, 0.27577711];

    private readonly int _imageSize;
    private readonly bool _resizes, _crops;
    private readonly (int Rows, int Columns)? _size;
    private readonly int _shortest;
    private readonly (int Rows, int Columns) _crop;
    private readonly Resample _way;
    private readonly double _factor;
    private readonly double[] _means, _deviations;

    private ImageProcessor(ConfigReader config, VisionConfig model)
    {
        _imageSize = model.ImageSize;
        (_resizes, _crops) = (config.Flag("do_resize", true), config.Flag("do_center_crop", true));
        (_size, _shortest) = ReadSize(config, "size", model.ImageSize);
        _crop = ReadSize(config, "crop_size", model.ImageSize) is { Fixed: { } both } ? both : (model.ImageSize, model.ImageSize);
        _way = (Resample)config.Whole("resample", 0, (int)Resample.Hamming);
        _factor = config.Flag("do_rescale", true) ? config.Positive("rescale_factor") : 1;
        var normalises = config.Flag("do_normalize", true);
        _means = normalises ? Numbers(config, "image_mean", s_mean, model.Channels) : new double[model.Channels];
        _deviations = normalises ? Numbers(config, "image_std", s_deviation, model.Channels)
            : [.. Enumerable.Repeat(1.0, model.Channels)];
        if (Array.Exists(_deviations, deviation => deviation == 0))
            throw Error("image_std has a 0: expected numbers above it");
    }

    /// <summary>Without the file, as CLIP's own processor does at the model's size.</summary>
    public static ImageProcessor Read(string folder, VisionConfig model)
    {
        var path = Path.Combine(folder, "preprocessor_config.json");
        if (!File.Exists(path))
            return new(new(JsonDocument.Parse("{}").RootElement, "", s_defaults), model);
        using var json = UserFile.ReadJson(path, new() { AllowDuplicateProperties = false });
        if (json.RootElement.ValueKind != JsonValueKind.Object)
            throw Error("expected a JSON object");
        try
        {
            return new(new(json.RootElement, "", s_defaults), model);
        }
        catch (EmergenceException error)
        {
            // A reader of configs names the file that it mostly reads.
            throw new EmergenceException(error.Message.Replace("config.json: ", "preprocessor_config.json: ", StringComparison.Ordinal),
                error.ExitCode, error);
        }
    }

    /// <summary>(channels, size, size).</summary>
    public float[] Read(Picture picture)
    {
        var sized = _resizes ? Resized(picture) : Resampling.Resize(picture, picture.Rows, picture.Columns, _way, asBytes: true);
        var (rows, columns) = _crops ? _crop : (sized.Rows, sized.Columns);
        if (rows != _imageSize || columns != _imageSize)
            throw Error($"pictures become {rows} x {columns} pixels, but the model reads {_imageSize} x {_imageSize}");
        var (top, left) = ((int)Math.Floor((sized.Rows - rows) / 2.0), (int)Math.Floor((sized.Columns - columns) / 2.0));
        var values = new float[_means.Length * rows * columns];
        for (var i = 0; i < values.Length; i++)
        {
            var (channel, y, x) = (i / (rows * columns), i / columns % rows + top, i % columns + left);
            var isInside = y >= 0 && y < sized.Rows && x >= 0 && x < sized.Columns;
            var value = isInside ? Math.Round(sized.Pixels[y * sized.Columns + x] * byte.MaxValue) * _factor : 0;
            values[i] = (float)((value - _means[channel]) / _deviations[channel]);
        }

        return values;
    }

    private Picture Resized(Picture picture)
    {
        var (rows, columns) = _size ?? Shortest(picture);
        return Resampling.Resize(picture, rows, columns, _way, asBytes: true);
    }

    private (int Rows, int Columns) Shortest(Picture picture) => picture.Rows <= picture.Columns
        ? (_shortest, (int)((long)_shortest * picture.Columns / picture.Rows))
        : ((int)((long)_shortest * picture.Rows / picture.Columns), _shortest);

    /// <summary>A number, {"shortest_edge": N} or {"height": R, "width": C}.</summary>
    private static ((int Rows, int Columns)? Fixed, int Shortest) ReadSize(ConfigReader config, string key, int missing)
    {
        if (config.Find(key) is not { } value)
            return (key == "size" ? null : (missing, missing), missing);
        if (value.ValueKind == JsonValueKind.Number)
        {
            var side = config.Whole(key, 1, MaximumSide);
            return (key == "size" ? null : (side, side), side);
        }

        var part = config.Part(key)!;
        return part.WholeOrNull("shortest_edge", 1, MaximumSide) is { } shortest ? (null, shortest)
            : ((part.Whole("height", 1, MaximumSide), part.Whole("width", 1, MaximumSide)), 0);
    }

    private static double[] Numbers(ConfigReader config, string key, double[] missing, int channels) =>
        config.NumbersOrNull(key, channels)
            ?? (missing.Length == channels ? missing : throw Error($"{key} is missing: expected {channels} numbers"));

    private static EmergenceException Error(string what) => new($"preprocessor_config.json: {what}");
}
