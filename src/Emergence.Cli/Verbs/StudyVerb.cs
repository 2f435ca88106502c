using System.CommandLine;
using Emergence.Files;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;
using Emergence.Measurement.Settings;
using Emergence.Reports;
using Emergence.Studies;
using Emergence.Tables;

namespace Emergence.Cli.Verbs;

/// <summary>Questions of the literature, each from one command: <c>study NAME</c> with the options that the study reads.</summary>
internal static class StudyVerb
{
    public static Command Create()
    {
        var command = new Command("study", "Put a question of the literature to models: tables, pictures and a page in one folder");
        foreach (var study in StudyTable.Rows)
            command.Add(Create(study));
        return command;
    }

    private static Command Create(Study study)
    {
        var model = Flags.Model();
        var models = new Option<string[]>(model.Name)
        {
            Description = $"{model.Description}; may be given several times",
            HelpName = model.HelpName,
            Required = study.LeastModels > 0,
        };
        var output = new Option<string>("--out")
        {
            Description = "Folder of the study; an unfinished one is gone on with",
            HelpName = "STUDY",
            Required = true,
        };
        var format = new Option<string>("-o")
        {
            Description = "How to write the tables",
            HelpName = TableFormats.Names,
            DefaultValueFactory = _ => "text",
        };
        var json = new Option<bool>("--json") { Description = "Print the whole result as one JSON object" };
        var seed = new Option<ulong>("--seed")
        {
            Description = "Draws whatever is drawn; the first of the seeds",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
        };
        var language = Flags.Language();
        var (device, noColor, modelFlags) = (new DeviceFlags(), Flags.NoColor(), new SettingFlags(SettingTable.OfModel));
        var own = study.Options.ToDictionary(option => option.Name, Flag);
        var command = new Command(study.Name, study.Description) { models, output };
        foreach (var option in own.Values.Concat([seed, format, json, noColor, ConfigFile.Option()]))
            command.Add(option);
        if (study.IsTranslated)
            command.Add(language);
        device.AddTo(command);
        modelFlags.AddTo(command);
        command.SetAction(parsed =>
        {
            var settings = new StudySettings
            {
                Models = parsed.GetValue(models) ?? [],
                Values = own.Where(pair => parsed.GetResult(pair.Value) is { Implicit: false })
                    .ToDictionary(pair => pair.Key, pair => Values(parsed, pair.Value)),
                Seed = parsed.GetValue(seed),
                Device = device.Name(parsed),
                DeviceOptions = device.Options(parsed),
                ModelOptions = modelFlags.Read(parsed).ModelOptions,
                Language = PageLanguage.Find(study.IsTranslated ? parsed.GetRequiredValue(language) : PageLanguage.English.Code),
            };
            if (parsed.GetValue(json) && Flags.IsGiven(parsed, format))
                throw new EmergenceException($"expected one of {format.Name} and {json.Name}, found both", ExitCode.Usage);
            TableFormat? tables = parsed.GetValue(json) ? null : TableFormats.Parse(parsed.GetRequiredValue(format));
            return (int)Execute(study, settings, parsed.GetRequiredValue(output), tables, parsed.GetValue(noColor));
        });
        return command;
    }

    private static Option Flag(StudyOption option)
    {
        var (name, description) =
            ("--" + option.Name, $"{option.Description}{(option.Default is { } value ? $" [default: {value}]" : "")}");
        string[] aliases = option.Alias is { } alias ? [$"--{alias}"] : [];
        return option switch
        {
            { Kind: StudyOptionKind.Switch } => new Option<bool>(name) { Description = description },
            { IsRepeated: true } => new Option<string[]>(name) { Description = description, HelpName = option.ValueName },
            _ => new Option<string>(name, aliases) { Description = description, HelpName = option.ValueName },
        };
    }

    private static IReadOnlyList<string> Values(ParseResult parsed, Option option) => option switch
    {
        Option<bool> flag => parsed.GetValue(flag) ? ["on"] : [],
        Option<string[]> list => parsed.GetValue(list) ?? [],
        Option<string> text => [parsed.GetRequiredValue(text)],
        _ => throw new ArgumentOutOfRangeException(nameof(option)),
    };

    /// <param name="study">The study to run.</param>
    /// <param name="settings">What is asked for.</param>
    /// <param name="folder">STUDY.</param>
    /// <param name="format">Format of the tables; null: everything as one JSON object.</param>
    /// <param name="noColor">No colours in the progress bar.</param>
    private static ExitCode Execute(Study study, StudySettings settings, string folder, TableFormat? format, bool noColor)
    {
        OutputPath.RequireFolder("--out", folder);
        using var interruption = new Interruption(resumes: true);
        foreach (var model in settings.Models)
            ModelFolder.Ensure(model, interruption.Token);
        using var progress = new Listener(noColor);
        using var context = new StudyContext(study, settings, folder, progress, interruption.Token);
        Console.Error.WriteLine($"device {context.Device.Name}: {context.Device.Description}");
        Console.Error.WriteLine($"settings: {context.Chosen.ToJsonString()}");
        var (result, page) = context.Run();
        var words = format == TableFormat.Text ? Console.Out : Console.Error;
        foreach (var (name, value) in result.HeldFixed)
            words.WriteLine($"{name}: {value}");
        words.WriteLine();
        Console.Out.Write(format is { } form
            ? Table.Write([.. result.Tables.Where(table => !table.IsLong).Select(table => table.Table)], form)
            : $"{result.ToJson(study.Name).ToJsonString()}\n");
        words.WriteLine();
        words.WriteLine(result.Finding);
        foreach (var sentence in result.Sentences)
            words.WriteLine(sentence);
        words.WriteLine($"report: {Path.GetFullPath(page)}");
        return context.ExitCode;
    }

    /// <summary>A bar for each run, lines for the rest.</summary>
    private sealed class Listener(bool noColor) : StudyProgress, IDisposable
    {
        private readonly HashSet<string> _said = [];
        private Progress? _progress;

        public override void Say(string what) => Console.Error.WriteLine(what);

        public override void Begin(string name, MeasurementPlan plan, int finished)
        {
            Console.Error.WriteLine(
                $"run {name}: {plan.Data.Name}, {plan.Data.Count} sequences of {plan.Data.Length} tokens, {plan.Grid.Count} cells");
            foreach (var note in plan.Data.Notes.Where(_said.Add))
                Console.Error.WriteLine(note);
            _progress = new Progress(plan.Grid.Count, noColor);
            _progress.Skip(finished);
        }

        public override void Advance(CellResult cell) => _progress!.Advance(MeasureRun.Name(cell));

        public override void End(RunResults results)
        {
            Dispose();
            if (results.ExitCode != ExitCode.Ok)
                Console.Error.WriteLine(MeasureRun.Complaint(results));
        }

        public void Dispose()
        {
            _progress?.Dispose();
            _progress = null;
        }
    }
}
