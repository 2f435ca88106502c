using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Emergence.Devices.Tensors;
using Emergence.Files;
using Emergence.Files.Safetensors;
using Emergence.Messages;

namespace Emergence.Checkpoints;

/// <summary>The weights of a model folder: model.safetensors, or the shards that model.safetensors.index.json lists.</summary>
public sealed partial class Checkpoint : IDisposable
{
    private const string SingleName = "model.safetensors";
    private const string IndexName = "model.safetensors.index.json";

    /// <summary>Bytes of a file that wait in the kernel's cache for their turn to be digested, at most.</summary>
    private const long MostWaiting = 1L << 31;

    private readonly SortedDictionary<string, SafetensorsFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorEntry> _tensors = [];
    private readonly Dictionary<string, SafetensorsFile> _fileOf = [];
    private readonly List<string> _warnings = [];
    private readonly Lazy<string> _identity;

    private readonly Lazy<bool> _outgrowsCache;

    private Checkpoint(string folder)
    {
        Folder = folder;
        _identity = new(ComputeIdentity);
        _outgrowsCache = new(() => TotalBytes > HostMemory.AvailableBytes() / 2);
    }

    public string Folder { get; }

    /// <summary>Tensors of all shards, by name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors => _tensors;

    /// <summary>One line each; things that look wrong but do no harm.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Bytes of all tensors together.</summary>
    public long TotalBytes { get; private set; }

    /// <summary>
    /// SHA-256 that identifies the weights, lower-case hex: of the file, or for shards of the lines that
    /// <c>sha256sum</c> prints for them in the order of their names. The first use reads every byte that has not been read since
    /// <see cref="DigestInPassing"/>, unless the file's name in the Hugging Face cache tells.
    /// </summary>
    public string Identity => _identity.Value;

    /// <summary>Every file with its SHA-256 if that is known, for <see cref="Recall"/> of a later process.</summary>
    internal IReadOnlyList<FileDigest> Digests =>
        [.. _files.Select(file => new FileDigest(file.Key, file.Value.Length, file.Value.Modified, KnownDigest(file.Value)))];

    /// <summary>Whether <see cref="Identity"/> is known without reading anything.</summary>
    internal bool IsIdentified => _files.Values.All(file => KnownDigest(file) != null);

    /// <summary>Whether the kernel's cache has no room for the files beside a copy of them in memory: what is read for the copy would be
    /// gone before it could be read again, and fresh pages for it cost more than pages that were just dropped.</summary>
    internal bool OutgrowsCache => _outgrowsCache.Value;

    /// <summary>Reads what <see cref="Identity"/> would read.</summary>
    /// <param name="cancellation">Ends it soon; what has been read stays known to this process.</param>
    internal void Identify(CancellationToken cancellation)
    {
        foreach (var file in _files.Values.Where(file => KnownDigest(file) == null))
            file.Sha256(cancellation);
    }

    /// <summary>SHA-256 of the names, sizes and times of the files, lower-case hex: changes when one of them is written to.</summary>
    internal string FilesAsOpened => Hex(string.Concat(_files.Select(file => string.Create(CultureInfo.InvariantCulture,
        $"{file.Key} {file.Value.Length} {file.Value.Modified:O}\n"))));

    /// <summary>Takes the SHA-256 of files whose size and time are what they were, so that they are not read for it again.</summary>
    internal void Recall(IEnumerable<FileDigest> digests)
    {
        foreach (var (name, bytes, modified, sha256) in digests)
        {
            if (sha256 != null && _files.TryGetValue(name, out var file) && file.Length == bytes && file.Modified == modified)
                file.Recall(sha256);
        }
    }

    /// <summary>What is read from now on serves <see cref="Identity"/> too, which then reads only what is left.</summary>
    internal void DigestInPassing()
    {
        const int Share = 4;
        foreach (var file in _files.Values.Where(file => KnownDigest(file) == null))
            file.DigestInPassing(Math.Min(MostWaiting, HostMemory.AvailableBytes() / Share));
    }

    /// <summary>Opens the weights of a folder and checks every header; no weight is read yet.</summary>
    public static Checkpoint Open(string folder)
    {
        if (!Directory.Exists(folder))
        {
            var kind = Posix.SpecialKind(folder) ?? (File.Exists(folder) ? "a file" : "absent");
            throw new EmergenceException($"{Printable.Escape(folder)}: expected a model folder, it is {kind}");
        }

        var checkpoint = new Checkpoint(folder);
        try
        {
            checkpoint.OpenFiles();
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Fills the destination with a tensor's bytes from <paramref name="offset"/> on.</summary>
    public void Read(string name, long offset, Span<byte> destination) => _fileOf[name].Read(_tensors[name], offset, destination);

    public void Dispose()
    {
        foreach (var file in _files.Values)
            file.Dispose();
    }

    private void OpenFiles()
    {
        var single = Path.Combine(Folder, SingleName);
        var index = Path.Combine(Folder, IndexName);
        if (Exists(single))
            AddFile(SingleName);
        else if (Exists(index))
            OpenShards(index);
        else
            throw NothingToOpen();
        if (_tensors.Count == 0)
            throw new EmergenceException($"{Printable.Escape(Folder)}: the checkpoint has no tensors");
    }

    private void OpenShards(string indexPath)
    {
        using var file = CheckpointFile.Open(indexPath);
        var index = CheckpointIndex.Read(file);
        foreach (var shard in index.Shards)
        {
            if (!Exists(Path.Combine(Folder, shard)))
                throw file.Error($"names shard {Printable.Quote(shard)}, which is not in the folder; fetch it");
            AddFile(shard);
        }

        foreach (var (name, shard) in index.ShardOf)
        {
            if (!_files[shard].Tensors.ContainsKey(name))
                throw file.Error($"says tensor {Printable.Quote(name)} is in {Printable.Quote(shard)}, but it is not");
        }

        if (index.TotalSize is { } total && total != $"{TotalBytes}")
            _warnings.Add($"{Printable.Escape(indexPath)}: total_size is {total}, the tensors take {TotalBytes} bytes");
    }

    private void AddFile(string name)
    {
        var file = SafetensorsFile.Open(Path.Combine(Folder, name));
        _files.Add(name, file);
        foreach (var tensor in file.Tensors.Values)
        {
            if (!_tensors.TryAdd(tensor.Name, tensor))
            {
                var first = Path.GetFileName(_fileOf[tensor.Name].Path);
                throw file.Error($"tensor {Printable.Quote(tensor.Name)} is in two shards: {Printable.Escape(first)} and this one");
            }

            _fileOf.Add(tensor.Name, file);
            TotalBytes += tensor.ByteLength;
        }
    }

    private EmergenceException NothingToOpen()
    {
        var names = Directory.EnumerateFiles(Folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal).ToArray();
        var where = $"{Printable.Escape(Folder)}: no {SingleName} or {IndexName}";
        if (ForeignFormat.OfFolder(Folder) is { } foreign)
            return new($"{where}, {foreign}");
        var other = names.FirstOrDefault(name => Path.GetExtension(name) == ".safetensors");
        return new(other == null ? where : $"{where}; found {Printable.Quote(other)}, which is not read under that name");
    }

    private string ComputeIdentity()
    {
        if (_files.Count == 1)
            return Digest(_files.Values.First());
        return Hex(string.Concat(_files.Select(file => $"{Digest(file.Value)}  {file.Key}\n")));
    }

    private static string Hex(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string Digest(SafetensorsFile file) => KnownDigest(file) ?? file.Sha256();

    /// <summary>SHA-256 of a file if no byte has to be read for it. One of the Hugging Face cache is named by it, and was held against it
    /// when it was fetched.</summary>
    private static string? KnownDigest(SafetensorsFile file)
    {
        const int Digits = 64;
        var target = File.ResolveLinkTarget(file.Path, returnFinalTarget: true);
        return target is FileInfo { Name: { Length: Digits } name, Directory.Name: "blobs" } && name.All(char.IsAsciiHexDigitLower) ? name
            : file.KnownSha256;
    }

    /// <summary>True also for a link that leads nowhere: opening it says so.</summary>
    private static bool Exists(string path) => Path.Exists(path) || new FileInfo(path).LinkTarget != null;
}

/// <summary>A file of weights as it was when its SHA-256 was found.</summary>
/// <param name="Name">In its folder.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Modified">When it was written last.</param>
/// <param name="Sha256">Lower-case hex; null if it is not known yet.</param>
internal sealed record FileDigest(string Name, long Bytes, DateTime Modified, string? Sha256);
