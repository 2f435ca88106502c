using System.Text.RegularExpressions;

namespace Emergence.Hub;

/// <summary>A repository of the hub at a revision: <c>org/name[@revision]</c>.</summary>
/// <param name="Name">E.g. "org/name"; old repositories have no organisation.</param>
/// <param name="Revision">A branch, a tag, refs/pr/N, or the 40 hex digits of a commit.</param>
internal sealed partial record HubReference(string Name, string Revision)
{
    public const string DefaultRevision = "main";
    private const int LongestPart = 96, LongestRevision = 200;

    /// <summary>Whether the revision is the full hash of a commit, which cannot move.</summary>
    public bool IsCommit => Commit().IsMatch(Revision);

    /// <summary>Reads what a user wrote; null if it has not the form of a reference.</summary>
    public static HubReference? TryParse(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        var (name, revision) = at < 0 ? (text, DefaultRevision) : (text[..at], text[(at + 1)..]);
        return IsName(name) && IsRevision(revision) ? new(name, revision) : null;
    }

    /// <summary>40 hex digits.</summary>
    public static bool IsCommitHash(string text) => Commit().IsMatch(text);

    public override string ToString() => Revision == DefaultRevision ? Name : $"{Name}@{Revision}";

    private static bool IsName(string name)
    {
        var parts = name.Split('/');
        return parts.Length <= 2 && !name.Contains("--") && !name.Contains("..") && !name.EndsWith(".git", StringComparison.Ordinal)
            && parts.All(part => part.Length <= LongestPart && NamePart().IsMatch(part));
    }

    // It becomes the name of a file below refs/.
    private static bool IsRevision(string revision) =>
        revision.Length <= LongestRevision && RevisionText().IsMatch(revision) && !revision.Contains("..") && !revision.Contains("//");

    [GeneratedRegex(@"^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\z")]
    private static partial Regex NamePart();

    [GeneratedRegex(@"^[A-Za-z0-9_-]([A-Za-z0-9_.\-/]*[A-Za-z0-9_-])?\z")]
    private static partial Regex RevisionText();

    [GeneratedRegex(@"^[0-9a-f]{40}\z")]
    private static partial Regex Commit();
}
