namespace Emergence.Messages;

/// <summary>Words of a command that a user may copy.</summary>
internal static class ShellWord
{
    /// <summary>The word as a POSIX shell reads it, in quotes if it needs them.</summary>
    public static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "/._-,@:+=%".Contains(c)) ? word
            : $"'{word.Replace("'", "'\\''")}'";
}
