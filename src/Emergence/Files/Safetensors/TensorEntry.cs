using System.Collections.Immutable;

namespace Emergence.Files.Safetensors;

/// <summary>
/// One tensor of a safetensors file: the type as the file names it (e.g. "BF16"), the row-major shape, and where its
/// bytes lie: [Begin, End) counted from the start of the file.
/// </summary>
public sealed record TensorEntry(string Name, string DType, ImmutableArray<long> Shape, long Begin, long End)
{
    public long ByteLength => End - Begin;

    /// <summary>Number of elements.</summary>
    public long Count
    {
        get
        {
            var count = 1L;
            foreach (var size in Shape)
                count *= size;
            return count;
        }
    }

    /// <summary>E.g. "[2,3]".</summary>
    public string ShapeText => $"[{string.Join(',', Shape)}]";
}
