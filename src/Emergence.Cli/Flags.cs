using System.CommandLine;

namespace Emergence.Cli;

/// <summary>Options that several verbs share: name, help and meaning in one place.</summary>
internal static class Flags
{
    public static Option<bool> Json() => new("--json") { Description = "Print JSON instead of a table" };
}
