using Emergence.Devices;
using System.CommandLine;
using System.Globalization;
using Emergence.Information.Critics;
using Emergence.Lab.Benchmarks;
using Emergence.Lab.Listings;
using Emergence.Lab.Reports;
using Emergence.Models;
using Emergence.Tables;

namespace Emergence.Cli.Verbs;

/// <summary>How fast a device is, op by op, and whether it became slower.</summary>
internal static class BenchVerb
{
    private const string StepName = "step";

    public static Command Create()
    {
        var (device, format) = (new DeviceFlags(withType: true), Flags.Format());
        var op = new Option<string>(
            "--op")
            {
                Description =
                    $"Only this op: {string.Join(", ", OpBenches.Ops)}, {StepName} for whole steps of training, or one kind of step: "
                    + "paper, s-mine, s-mine small, s-mine paper",
                HelpName = "NAME",
            };
        var seconds = new Option<double?>("--seconds") { Description = "Seconds that each row is measured for", HelpName = "S" };
        var model = new Option<string>("--model")
        {
            Description = "Only the forward pass of this model, with the residual stream at every boundary",
            HelpName = "DIR_OR_NAME",
        };
        var shapes = new Option<string>("--shapes")
        {
            Description = "Sequences and tokens of the forward pass",
            HelpName = "4096x8,8x128",
            DefaultValueFactory = _ => "64x8,8x128",
        };
        var isStatic = new Option<bool>(
            "--static")
            {
                Description =
                    "What the GPU kernels are made of, without a GPU: registers, spills, blocks on a multiprocessor, instructions of the "
                    + "main loop, bytes and FLOPs and their time at the roof of an A100, H100 and H200 (by NVIDIA's assembler in the "
                    + $"folder {CudaTools.Variable})",
            };
        var command = new Command(
            "bench",
            "Measure every op of a device and steps of training: median, quartiles, GB/s, TFLOP/s, share of the roof measured in the "
            + "same run") { op, seconds, model, shapes, isStatic, format, Compare() };
        device.AddTo(command);
        command.SetAction(parsed =>
        {
            var written = TableFormats.Parse(parsed.GetRequiredValue(format));
            Option[] choices = [op, seconds, model, shapes];
            if (parsed.GetValue(isStatic))
            {
                Flags.RequireRead(parsed, isStatic, [], choices);
                Console.Out.Write(Static(written));
                return (int)ExitCode.Ok;
            }

            if (parsed.GetValue(seconds) is <= 0 or double.NaN)
                throw new EmergenceException($"expected more than 0 seconds, found {parsed.GetValue(seconds)}", ExitCode.Usage);
            var folder = Model(parsed.GetValue(model));
            Flags.RequireRead(parsed, folder == null ? null : model, folder == null ? [op, seconds] : [shapes, seconds], choices);
            var passes = ForwardBench.Shapes(parsed.GetRequiredValue(shapes));
            using var interruption = new Interruption();
            using var machine = device.Open(parsed);
            var size = machine.Traits.Scale;
            var (ops, steps) = Choose(parsed.GetValue(op), size);
            Console.Error.WriteLine($"device {machine.Name}: {machine.Description} ({machine.Path})");
            var run = new BenchRun(machine, parsed.GetValue(seconds) ?? size.For(0.05, 0.5, 0.5), Console.Error.WriteLine,
                interruption.Token);
            run.MeasureRoof();
            if (folder != null)
            {
                ForwardBench.Measure(folder, passes, machine, run);
            }
            else
            {
                foreach (var bench in ops)
                    run.Measure(bench);
                foreach (var bench in steps)
                    run.Measure(bench);
            }

            foreach (var reason in run.Skipped)
                Console.Error.WriteLine($"not measured: {reason}");
            var file = BenchFile.Of(machine, run, $"emergence {string.Join(' ', Environment.GetCommandLineArgs().Skip(1))}");
            Console.Out.Write(Written(file, written));
            return (int)(run.Rows.Count > 0 ? ExitCode.Ok : ExitCode.Failed);
        });
        return command;
    }

    /// <summary>The folder of a model whose config can be read: looked at before anything is measured.</summary>
    private static string? Model(string? name)
    {
        if (name == null)
            return null;
        var folder = ModelFolder.Find(name);
        _ = ModelConfig.Read(folder);
        return folder;
    }

    private static string Static(TableFormat format)
    {
        var tools = CudaTools.Require();
        var figures = KernelFigures.All(tools);
        return format == TableFormat.Markdown ? StaticReport.Page(figures, tools.Version) : StaticReport.Text(figures, format);
    }

    private static string Written(BenchFile file, TableFormat format) => format switch
    {
        TableFormat.Json => file.ToJson(),
        TableFormat.Markdown or TableFormat.Text => $"{BenchReport.About(file)}\n\n{BenchReport.Table(file).ToString(format)}",
        _ => BenchReport.Table(file).ToString(format),
    };

    private static (IReadOnlyList<OpBench> Ops, IReadOnlyList<StepBench> Steps) Choose(string? name, DeviceScale size)
    {
        if (name == null)
            return (OpBenches.All(size), Steps(size));
        if (name.Equals(StepName, StringComparison.OrdinalIgnoreCase))
            return ([], Steps(size));
        if (Steps(size).Where(step => step.Name == name || step.Name.StartsWith(name + " ", StringComparison.Ordinal))
            .ToList() is { Count: > 0 } chosen)
            return ([], chosen);
        var known = OpBenches.Ops.FirstOrDefault(op => op.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new EmergenceException($"unknown op '{name}': choose {string.Join(", ", OpBenches.Ops)}, {StepName}", ExitCode.Usage);
        return ([.. OpBenches.All(size).Where(bench => bench.Op == known)], []);
    }

    /// <summary>The published step, then s-mine by preset and number of classes.</summary>
    private static IReadOnlyList<StepBench> Steps(DeviceScale size)
    {
        const int Columns = 768;
        var (small, paper) = (CriticPreset.Small, CriticPreset.Paper);
        if (size == DeviceScale.Tiny)
            return [StepBench.Published(33, 16, [16, 8, 1]), StepBench.OnSupport("tiny", 25, 16, [16, 8, 1], 100),
                StepBench.OnSupport("tiny", 7, 16, [16, 8, 1], 100)];
        return
        [
            StepBench.Published(size == DeviceScale.Gpu ? paper.Sequences : 2_000, Columns, paper.Widths),
            .. from preset in new[] { small, paper }
               from classes in size == DeviceScale.Gpu ? [25, 600, 2_000, 13_800, 50_000] : new[] { 25, 600, 2_000 }
               select StepBench.OnSupport(preset.Name, classes, Columns, preset.Widths, preset.PairsFor(classes)),
        ];
    }

    private static Command Compare()
    {
        var before = new Argument<string>("BEFORE") { Description = "What bench -o json wrote" };
        var after = new Argument<string>("AFTER") { Description = "The same, later or elsewhere" };
        var threshold = new Option<string>("--threshold")
        {
            Description = "Largest change of a time that counts as none",
            HelpName = "5%",
            DefaultValueFactory = _ => "5%",
        };
        var across = new Option<bool>("--across") { Description = "Allow files of different devices" };
        var format = Flags.Format();
        var command = new Command(
            "compare", "Compare two files that bench wrote, row by row: ratio and verdict; exit code 5 if a row became slower") {
            before, after, threshold, across, format };
        command.SetAction(parsed =>
        {
            var written = TableFormats.Parse(parsed.GetRequiredValue(format));
            var limit = Share(parsed.GetRequiredValue(threshold));
            var (first, second) = (BenchFile.Read(parsed.GetRequiredValue(before)), BenchFile.Read(parsed.GetRequiredValue(after)));
            var (one, other) = ($"{first.Description} ({first.Path})", $"{second.Description} ({second.Path})");
            if (one != other && !parsed.GetValue(across))
                throw new EmergenceException($"different devices, compare them with --across: {one}; {other}", ExitCode.Usage);
            Console.Out.Write(BenchReport.Compare(first, second, limit, out var isRegression).ToString(written));
            return (int)(isRegression ? ExitCode.Regression : ExitCode.Ok);
        });
        return command;
    }

    /// <summary>"5%" or "0.05".</summary>
    private static double Share(string text)
    {
        var percent = text.EndsWith('%');
        return double.TryParse(percent ? text[..^1] : text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= 0
            ? percent ? value / 100 : value
            : throw new EmergenceException($"expected a share such as 5% or 0.05, found '{text}'", ExitCode.Usage);
    }
}
