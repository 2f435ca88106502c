using Emergence.Models;

namespace Emergence.Cli;

/// <summary>What a user should know about a model that loads all the same.</summary>
internal static class Warnings
{
    public static IEnumerable<string> Of(LanguageModel model)
    {
        if (model.UnknownConfigKeys.Count > 0)
            yield return $"config.json has keys that nothing is known about: {string.Join(", ", model.UnknownConfigKeys)} (--strict "
                + $"makes this an error)";
        foreach (var warning in model.Warnings)
            yield return warning;
    }
}
