using Emergence.Files;

namespace Emergence.Hub;

/// <summary>
/// One repository in the cache that the Python client shares: blobs named by their digest, snapshots of links to them, refs
/// from revisions to commits.
/// </summary>
/// <param name="cache">Folder of the cache.</param>
/// <param name="name">E.g. "org/name".</param>
internal sealed class CachedRepository(string cache, string name)
{
    private const string TagName = "CACHEDIR.TAG";

    // The signature that backup programs look for, https://bford.info/cachedir/.
    private const string Tag =
        "Signature: 8a477f597d28d172789f06886806bc55\n# This file is a cache directory tag created by huggingface_hub.\n"
        + "# For information about cache directory tags, see:\n#\thttps://bford.info/cachedir/\n";

    private const string FolderPrefix = "models--";
    private const int LongestRef = 80;

    private string FolderName { get; } = FolderPrefix + name.Replace("/", "--");

    public string Folder => Path.Combine(cache, FolderName);

    /// <summary>Repositories of models in a cache, by name.</summary>
    public static IEnumerable<string> Names(string cache) =>
        Directory.Exists(cache)
            ? Directory.EnumerateDirectories(cache, FolderPrefix + "*")
                .Select(path => Path.GetFileName(path)[FolderPrefix.Length..].Replace("--", "/")).Order(StringComparer.Ordinal)
            : [];

    public string Blob(string digest) => Path.Combine(Folder, "blobs", digest);

    public string Snapshot(string commit) => Path.Combine(Folder, "snapshots", commit);

    public string Lock(string digest) => Path.Combine(cache, ".locks", FolderName, digest + ".lock");

    /// <summary>Listing that the client left, or null if there is none that this program understands.</summary>
    public IReadOnlyDictionary<string, HubFile>? Listing(string commit) =>
        SavedListing.Read(Path.Combine(Folder, "trees", commit + ".json"));

    /// <summary>The commit that a revision stood for when it was last fetched; null if it was not.</summary>
    public string? Commit(HubReference reference)
    {
        if (reference.IsCommit)
            return reference.Revision;
        var path = RefPath(reference.Revision);
        if (!File.Exists(path) || new FileInfo(path).Length > LongestRef)
            return null;
        var commit = File.ReadAllText(path).Trim();
        return HubReference.IsCommitHash(commit) ? commit : null;
    }

    /// <summary>Commits of which there is a snapshot.</summary>
    public IEnumerable<string> Commits()
    {
        var snapshots = Path.Combine(Folder, "snapshots");
        return Directory.Exists(snapshots)
            ? Directory.EnumerateDirectories(snapshots).Select(path => Path.GetFileName(path)).Where(HubReference.IsCommitHash)
                .Order(StringComparer.Ordinal)
            : [];
    }

    /// <summary>Revisions that have a ref, then commits that have a snapshot: for messages.</summary>
    public IEnumerable<string> Known()
    {
        var refs = Path.Combine(Folder, "refs");
        var revisions = Directory.Exists(refs)
            ? Directory.EnumerateFiles(refs, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(refs, path))
                .Order(StringComparer.Ordinal)
            : Enumerable.Empty<string>();
        return revisions.Concat(Commits());
    }

    /// <summary>Bytes of the files of a snapshot, links followed.</summary>
    public long Bytes(string commit) =>
        Directory.EnumerateFiles(Snapshot(commit), "*", SearchOption.AllDirectories).Sum(path => Size(path) ?? 0);

    /// <summary>Makes the folders that every download needs.</summary>
    public void Prepare()
    {
        Directory.CreateDirectory(Path.Combine(Folder, "blobs"));
        Directory.CreateDirectory(Path.GetDirectoryName(Lock("x"))!);
        var tag = Path.Combine(cache, TagName);
        if (!File.Exists(tag))
            WholeFile.Write(tag, System.Text.Encoding.UTF8.GetBytes(Tag));
    }

    /// <summary>Remembers what a revision stands for; written last, so that no ref leads to half a snapshot.</summary>
    public void SetRef(HubReference reference, string commit)
    {
        if (reference.IsCommit || Commit(reference) == commit)
            return;
        var path = RefPath(reference.Revision);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        WholeFile.Write(path, System.Text.Encoding.ASCII.GetBytes(commit));
    }

    /// <summary>Puts a blob into a snapshot: as a link, or as the file itself if the file system or the user has no links.</summary>
    public void Place(string commit, HubFile file, bool asLink)
    {
        var path = PathOf(commit, file);
        var folder = Path.GetDirectoryName(path)!;
        var target = Path.GetRelativePath(folder, Blob(file.Digest));
        Directory.CreateDirectory(folder);
        if (asLink && new FileInfo(path).LinkTarget == target)
            return;
        if (asLink)
        {
            var temporary = $"{path}.{Guid.NewGuid():N}.link";
            try
            {
                File.CreateSymbolicLink(temporary, target);
                File.Move(temporary, path, overwrite: true);
                return;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                File.Delete(temporary);
            }
        }

        File.Move(Blob(file.Digest), path, overwrite: true);
    }

    /// <summary>Whether a snapshot holds the file with its size, as a link or by itself.</summary>
    public bool Holds(string commit, HubFile file) => Size(PathOf(commit, file)) == file.Size;

    /// <summary>Whether there is a blob of the size that the hub lists; its digest was checked when it got its name.</summary>
    public bool HasBlob(HubFile file) => Size(Blob(file.Digest)) == file.Size;

    /// <summary>Bytes of a file, links followed; null if there is none.</summary>
    private static long? Size(string path) =>
        new FileInfo(path) is { Exists: true } info
        && (info.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? info) is { Exists: true } real
            ? real.Length
            : null;

    private string PathOf(string commit, HubFile file) =>
        Path.Combine(Snapshot(commit), file.Path.Replace('/', Path.DirectorySeparatorChar));

    private string RefPath(string revision) => Path.Combine(Folder, "refs", revision.Replace('/', Path.DirectorySeparatorChar));
}
