using Emergence.Devices.Tensors;

namespace Emergence.Files.Safetensors;

/// <summary>The element types of the safetensors format.</summary>
internal static class StoredType
{
    private static readonly Dictionary<string, (string Name, int Bits)> Known = new[]
    {
        ("BOOL", 8), ("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6), ("U8", 8), ("I8", 8), ("F8_E5M2", 8), ("F8_E4M3", 8),
        ("F8_E8M0", 8), ("F8_E4M3FNUZ", 8), ("F8_E5M2FNUZ", 8), ("I16", 16), ("U16", 16), ("F16", 16), ("BF16", 16),
        ("I32", 32), ("U32", 32), ("F32", 32), ("C64", 64), ("F64", 64), ("I64", 64), ("U64", 64),
    }.ToDictionary(type => type.Item1);

    /// <summary>The one shared spelling of a type's name and its size in bits; false for a name that is not in the format.</summary>
    public static bool TryFind(string name, out (string Name, int Bits) type) => Known.TryGetValue(name, out type);

    public static int Bits(string name) => Known[name].Bits;

    /// <summary>The device type that holds such weights as they are, or null if there is none.</summary>
    public static DType? ForWeights(string name) => name switch
    {
        "F32" => DType.Float32,
        "F64" => DType.Float64,
        "F16" => DType.Float16,
        "BF16" => DType.BFloat16,
        _ => null,
    };
}
