using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Lab.Verification;

/// <summary>What the bounds of a device's errors are made of.</summary>
/// <param name="Sum">Largest relative error of one rounding of a sum, a product or an activation.</param>
/// <param name="Operand">Largest relative error of a factor of a product if it is rounded before; else 0.</param>
internal readonly record struct Precision(double Sum, double Operand = 0)
{
    /// <summary>Half a unit in the last place of 1: 24, 53 and 8 significant bits.</summary>
    public const double SingleUnit = 5.9604644775390625e-8, DoubleUnit = 1.1102230246251565e-16, BFloat16Unit = 0.00390625;

    // The probability that a chain's error exceeds this many standard deviations of its bound is below 1e-14 (Higham and
    // Mary 2019, "A new approach to probabilistic rounding error analysis").
    private const double Deviations = 8;

    /// <summary>Double, single, or bfloat16 factors with sums in single precision.</summary>
    public static Precision Of(Device device) =>
        device.ComputeType == DType.Float64 ? new(DoubleUnit)
        : device.Traits.OperandType == DType.BFloat16 ? new(SingleUnit, BFloat16Unit)
        : new(SingleUnit);

    /// <summary>
    /// Error of a sum of <paramref name="length"/> numbers in any order, relative to the sum of magnitudes. Roundings are
    /// as often up as down, so that a chain of n errs by sqrt(n) and not by n units; the worst case is n.
    /// </summary>
    public double Chain(int length) => Sum * (Math.Min(length, Deviations * Math.Sqrt(length)) + 2);

    /// <summary>Error of a sum of <paramref name="length"/> products, relative to the sum of magnitudes.</summary>
    public double Dot(int length) => Chain(length) + 2 * Operand * (1 + Operand);
}
