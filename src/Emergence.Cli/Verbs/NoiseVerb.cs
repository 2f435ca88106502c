using System.CommandLine;
using System.Text;
using Emergence.Datasets;
using Emergence.Files;
using Emergence.Information.Critics;
using Emergence.Information.Noise;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Settings;
using Emergence.Messages;
using Emergence.Models;
using Emergence.Pictures;
using Emergence.Tables;
using Emergence.Tokenizers;

namespace Emergence.Cli.Verbs;

/// <summary>The noisy-channel curves of one or more models over sigma.</summary>
internal static class NoiseVerb
{
    public static Command Create()
    {
        var models = new Option<string[]>(
            "--model")
            {
                Description = "A folder, a sample's name (stories260k), or org/name[@revision]; once for each model to compare",
                HelpName = "DIR_OR_NAME",
                Required = true,
            };
        var flags = new SettingFlags([.. SettingTable.OfData, SettingTable.Noise, .. SettingTable.OfModel]);
        var boundaries = new Option<string>("--boundaries")
        {
            Description = "Boundaries whose states get noise, e.g. 1,4,8-10; by default after the first, the middle and the last block",
            HelpName = "LIST",
        };
        var positions = new Option<string>("--positions")
        {
            Description = "Tokens of a sequence, from 0; by default the last",
            HelpName = "LIST",
        };
        var sigmas = new Option<string>("--sigmas")
        {
            Description = "Sizes of the noise, in units of --noise; by default 1/32 to 32",
            HelpName = "A,B",
        };
        var picture = new Option<string>("--svg") { Description = "Also draw the curves into this file", HelpName = "FILE.svg" };
        var (device, format) = (new DeviceFlags(), new FormatFlags());
        var command = new Command(
            "noise", "Measure what a model's states still tell of their prefixes once noise is added, by the size of the noise") { models };
        flags.AddTo(command);
        foreach (var option in new Option[] { boundaries, positions, sigmas, picture })
            command.Add(option);
        format.AddTo(command);
        device.AddTo(command);
        command.SetAction(parsed =>
        {
            var written = format.Read(parsed);
            var names = parsed.GetRequiredValue(models);
            if (names.GroupBy(Short).FirstOrDefault(group => group.Count() > 1) is { } twice)
                throw new EmergenceException($"two models are named {Printable.Quote(twice.Key)}: name each once", ExitCode.Usage);
            if (parsed.GetValue(picture) is { } file)
                OutputPath.RequireFile(picture.Name, file);
            var sizes = Sigmas(parsed.GetValue(sigmas));
            var folders = names.Select(name => ModelFolder.Find(name)).ToList();
            using var interruption = new Interruption();
            using var machine = device.Open(parsed);
            var found = new List<(string Model, NoisePoint Point)>();
            foreach (var (name, folder) in names.Zip(folders))
            {
                var settings = flags.Read(parsed);
                var set = DatasetTable.Create(settings.Data, Tokenizer.Load(folder),
                    new DatasetOptions(settings, folder, CriticPreset.Small.Sequences));
                using var model = LanguageModel.Load(folder, machine, settings.ModelOptions);
                var points = NoiseCurve.Measure(model, set, parsed.GetValue(boundaries), parsed.GetValue(positions),
                    new NoiseSettings(sizes, NoiseScales.Parse(settings.Noise)), settings.Seed, interruption.Token);
                Console.Error.WriteLine($"model {name}: {set.Count} sequences of {set.Name}, H {set.PrefixBits[^1]:0.000} bits");
                found.AddRange(points.Select(point => (Short(name), point)));
            }

            Console.Out.Write(Table(found).ToString(written));
            if (parsed.GetValue(picture) is { } path)
                WholeFile.Write(path, Encoding.UTF8.GetBytes(Draw(found).Standalone()));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static IReadOnlyList<double> Sigmas(string? list) =>
        list == null ? NoiseCurve.DefaultSigmas : NoiseSettings.ParseSigmas("--sigmas", list);

    /// <summary>The last part of a folder or of org/name.</summary>
    private static string Short(string model) => model.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries).LastOrDefault(model);

    private static Table Table(IEnumerable<(string Model, NoisePoint Point)> found)
    {
        var table = new Table(
            TableColumn.Text("model"), TableColumn.Integer("boundary"), TableColumn.Integer("position"), TableColumn.Number("sigma", 4),
                TableColumn.Estimate("mi_bits", 3), TableColumn.Number("h_prefix_bits", 3));
        foreach (var (model, point) in found)
            table.Add(model, point.Boundary, point.Position, point.Sigma, (point.Bits, point.StandardErrorBits), point.PrefixBits);
        return table;
    }

    private static SvgFigure Draw(List<(string Model, NoisePoint Point)> found) => new LineChart
    {
        Title = "What noise leaves of the prefixes: I(prefix; h + noise)",
        YCaption = "bits",
        XCaption = "log2 sigma",
        Unit = "bits",
        Series =
        [
            .. found.GroupBy(entry => (entry.Model, entry.Point.Boundary, entry.Point.Position)).Select((curve, color) => new LineSeries(
                $"{curve.Key.Model}, boundary {curve.Key.Boundary}, t{curve.Key.Position}",
                [.. curve.Select(entry => new LinePoint(Math.Log2(entry.Point.Sigma), entry.Point.Bits,
                    entry.Point.Bits - 2 * entry.Point.StandardErrorBits, entry.Point.Bits + 2 * entry.Point.StandardErrorBits))],
                color)),
        ],
    }.Draw();
}
