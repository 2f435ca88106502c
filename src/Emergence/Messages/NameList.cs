namespace Emergence.Messages;

/// <summary>Names in a message.</summary>
internal static class NameList
{
    /// <summary>The first names with spaces between them, and how many more there are.</summary>
    /// <param name="names">All of them.</param>
    /// <param name="most">How many are written.</param>
    public static string Shorten(IReadOnlyCollection<string> names, int most) =>
        string.Join(' ', names.Take(most)) + (names.Count > most ? $" and {names.Count - most} more" : "");
}
