namespace Emergence.Devices.Tensors;

/// <summary>Element types that devices compute with or store.</summary>
public enum DType
{
    Float32,
    Float64,
    Float16,
    BFloat16,
    Int32,
}

public static class DTypeExtensions
{
    /// <summary>Bytes per element.</summary>
    public static int Size(this DType type) => type switch
    {
        DType.Float64 => 8,
        DType.Float32 or DType.Int32 => 4,
        DType.Float16 or DType.BFloat16 => 2,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };
}
