using System.Text.Json.Nodes;
using Emergence.Messages;

namespace Emergence.Reports;

/// <summary>The command that repeats a run, from the settings in its manifest.</summary>
internal static class RunCommand
{
    public static string Of(RunSummary run)
    {
        if (run.Manifest("settings", "command")?.ToString() is { } command)
            return command;
        List<string> words = ["emergence measure"];
        void Add(string flag, string? value)
        {
            if (!string.IsNullOrEmpty(value))
                words.Add($"--{flag} {Quote(value)}");
        }

        string? Setting(string name) => run.Manifest("settings", name)?.ToString();
        Add("model", Setting("model"));
        Add("data", Setting("data"));
        Add(run.Results.ShotLength > 0 ? "shots" : "window", Setting(run.Results.ShotLength > 0 ? "shots" : "window"));
        if (Setting("template") is { } template)
        {
            Add("template", template);
            Add("field-tokens", Setting("field_tokens"));
        }

        Add("sequences", Setting("sequences"));
        Add("boundaries", Ranges(run.Manifest("settings", "boundaries"), run.Results.Layers));
        Add("positions", Ranges(run.Manifest("settings", "positions"), run.Labels.Count));
        Add("estimator", Setting("estimator"));
        Add("preset", Setting("preset")?.Split(':')[0]);
        Add("seeds", Setting("seeds"));
        Add("seed", Setting("seed"));
        Add("device", Setting("device"));
        Add("dtype", Setting("dtype"));
        if (Setting("micro_position") == "own")
            Add("micro-position", "own");
        if (Setting("with_replacement") == "true")
            words.Add("--with-replacement");
        if (Setting("bos") == "true")
            words.Add("--bos");
        foreach (var pattern in run.Manifest("settings", "ignore_weights") as JsonArray ?? [])
            Add("ignore-weights", pattern?.ToString());
        if (Setting("allow_nonfinite") == "true")
            words.Add("--allow-nonfinite");
        words.Add("--out RUN");
        return string.Join(" \\\n  ", words);
    }

    /// <summary>0,3,10-12 for a list of whole numbers; null where it holds all from 0 to <paramref name="all"/> - 1.</summary>
    private static string? Ranges(JsonNode? list, int all)
    {
        if (list is not JsonArray array || array.Count == all)
            return null;
        return NumberList.Ranges(array.Select(item => (int)item!));
    }

    /// <summary>As a POSIX shell reads it.</summary>
    internal static string Quote(string value)
        => value.All(c => char.IsAsciiLetterOrDigit(c) || "/._-,@:+=%".Contains(c)) ? value : $"'{value.Replace("'", "'\\''")}'";
}
