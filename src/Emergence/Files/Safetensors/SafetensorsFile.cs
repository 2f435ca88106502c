using System.Numerics;
using System.Runtime.InteropServices;
using Emergence.Devices.Tensors;
using Emergence.Messages;

namespace Emergence.Files.Safetensors;

/// <summary>A safetensors file, open for reading. Its header has been checked; its tensors are read on demand.</summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly CheckpointFile _file;
    private readonly Dictionary<string, TensorEntry> _tensors;
    private readonly Dictionary<string, string> _metadata;

    private SafetensorsFile(CheckpointFile file)
    {
        _file = file;
        (_tensors, _metadata) = SafetensorsHeader.Read(file);
    }

    /// <summary>Opens a file and checks every rule of the format; the error says which one it breaks.</summary>
    public static SafetensorsFile Open(string path)
    {
        var file = CheckpointFile.Open(path);
        try
        {
            return new(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>By name. A name is a mere key, never a path.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors => _tensors;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>The path it was opened by.</summary>
    public string Path => _file.Path;

    /// <summary>Size of the file in bytes.</summary>
    public long Length => _file.Length;

    /// <summary>
    /// Fills the destination with the tensor's bytes from <paramref name="offset"/> on; fails if the file has changed
    /// since it was opened.
    /// </summary>
    public void Read(TensorEntry entry, long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > entry.ByteLength - destination.Length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"bytes {offset} .. {offset + destination.Length} of {entry.ByteLength}");
        _file.Read(entry.Begin + offset, destination, $"tensor {Printable.Quote(entry.Name)}");
    }

    /// <summary>Lets the kernel drop bytes of a tensor that were read from its cache.</summary>
    internal void Forget(TensorEntry entry, long offset, long length) => _file.Forget(entry.Begin + offset, length);

    /// <summary>All elements, row-major, rounded to single precision.</summary>
    public float[] ReadSingles(string name) => ReadAs<float>(name);

    /// <summary>All elements, row-major.</summary>
    internal double[] ReadDoubles(string name) => ReadAs<double>(name);

    /// <summary>All elements, row-major; each must be a whole number in the range of Int32.</summary>
    internal int[] ReadInt32(string name) => ReadAs<int>(name);

    /// <summary>SHA-256 of the file, lower-case hex.</summary>
    public string Sha256(CancellationToken cancellation = default) => _file.Sha256(cancellation);

    /// <summary>The same if it is known already.</summary>
    internal string? KnownSha256 => _file.KnownSha256;

    /// <summary>When it was written last, of when it was opened.</summary>
    internal DateTime Modified => _file.Modified;

    /// <summary>Takes what an earlier process found for <see cref="Sha256"/>.</summary>
    internal void Recall(string sha256) => _file.Recall(sha256);

    /// <summary>What is read from now on serves <see cref="Sha256"/> too; so many bytes may wait for their turn.</summary>
    internal void DigestInPassing(long mostWaiting) => _file.DigestInPassing(mostWaiting);

    /// <summary>Throws if the file has changed since it was opened.</summary>
    public void VerifyUnchanged() => _file.VerifyUnchanged();

    public void Dispose() => _file.Dispose();

    internal EmergenceException Error(string message) => _file.Error(message);

    private T[] ReadAs<T>(string name)
        where T : INumber<T>
    {
        if (!_tensors.TryGetValue(name, out var entry))
            throw Error($"has no tensor {Printable.Quote(name)}");
        if (entry.ByteLength > Array.MaxLength || entry.Count > Array.MaxLength)
            throw Error($"tensor {Printable.Quote(name)} of {entry.ByteLength} bytes is too large to be read at once");
        var bytes = new byte[entry.ByteLength];
        Read(entry, 0, bytes);
        return entry.DType switch
        {
            "F32" => Convert<float, T>(name, bytes),
            "F64" => Convert<double, T>(name, bytes),
            "F16" => Convert<Half, T>(name, bytes),
            "BF16" => Convert<float, T>(name, MemoryMarshal.AsBytes(WidenBFloat16(bytes).AsSpan())),
            "BOOL" or "U8" => Convert<byte, T>(name, bytes),
            "I8" => Convert<sbyte, T>(name, bytes),
            "I16" => Convert<short, T>(name, bytes),
            "U16" => Convert<ushort, T>(name, bytes),
            "I32" => Convert<int, T>(name, bytes),
            "U32" => Convert<uint, T>(name, bytes),
            "I64" => Convert<long, T>(name, bytes),
            "U64" => Convert<ulong, T>(name, bytes),
            _ => throw Error($"tensor {Printable.Quote(name)}: dtype {entry.DType} cannot be converted to numbers"),
        };
    }

    private T[] Convert<TStored, T>(string name, ReadOnlySpan<byte> bytes)
        where TStored : unmanaged, INumber<TStored>
        where T : INumber<T>
    {
        var stored = MemoryMarshal.Cast<byte, TStored>(bytes);
        var result = new T[stored.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = T.CreateSaturating(stored[i]);
            if (typeof(T) == typeof(int) && double.CreateSaturating(result[i]) != double.CreateSaturating(stored[i]))
                throw Error($"tensor {Printable.Quote(name)}: element {i} is {stored[i]}, not a 32-bit whole number");
        }

        return result;
    }

    private static float[] WidenBFloat16(ReadOnlySpan<byte> bytes)
    {
        var stored = MemoryMarshal.Cast<byte, ushort>(bytes);
        var wide = new float[stored.Length];
        for (var i = 0; i < wide.Length; i++)
            wide[i] = BFloat16.ToSingle(stored[i]);
        return wide;
    }
}
