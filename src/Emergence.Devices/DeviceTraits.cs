using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <summary>How much a device does in a few seconds.</summary>
public enum DeviceScale
{
    /// <summary>A look at every op: the emulator and the reference.</summary>
    Tiny,

    /// <summary>What a processor does.</summary>
    Host,

    /// <summary>The published sizes.</summary>
    Gpu,
}

/// <summary>What others have to know of a device, beside its name.</summary>
/// <param name="Scale">Sizes that it is measured at.</param>
/// <param name="OperandType">What operands of matrix products and critics are rounded to.</param>
/// <param name="IsEmulated">Whether it stands for hardware whose times it says nothing about, and takes small sizes alone.</param>
public sealed record DeviceTraits(DeviceScale Scale, DType OperandType, bool IsEmulated = false);
