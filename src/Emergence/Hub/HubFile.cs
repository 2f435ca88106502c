using System.Text.RegularExpressions;

namespace Emergence.Hub;

/// <summary>A file of a commit as the hub lists it.</summary>
/// <param name="Path">Below the repository, with slashes.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Digest">What the bytes must be: a SHA-256 (64 hex digits) for large files, else git's SHA-1 of the blob (40). It names the
/// blob.</param>
internal sealed partial record HubFile(string Path, long Size, string Digest)
{
    /// <summary>Hex digits of a SHA-256.</summary>
    public const int Sha256Digits = 64;

    public bool IsSha256 => Digest.Length == Sha256Digits;

    /// <summary>Nothing but a digest may become the name of a blob.</summary>
    public static bool IsDigest(string text) => Digests().IsMatch(text);

    [GeneratedRegex(@"^([0-9a-f]{40}|[0-9a-f]{64})\z")]
    private static partial Regex Digests();
}
