using Emergence.Devices;
using Pair = (Emergence.Devices.Tensors.Tensor Tested, Emergence.Devices.Tensors.Tensor Expected);

namespace Emergence.Lab.Verification;

/// <summary>One check as it runs: its inputs, and how far the results of the device are from the reference's.</summary>
internal sealed class OpRun(Device device, Device reference, int seed) : OpInputs(device, reference, seed)
{
    private double _sum;

    public Precision Precision { get; } = Precision.Of(device);

    public long Elements { get; private set; }

    public double MaxError { get; private set; }

    public double MeanError => Elements == 0 ? 0 : _sum / Elements;

    /// <summary>Largest error as a part of the element's own bound; 1 or less is right.</summary>
    public double OfBound { get; private set; }

    /// <summary>Bound of the element that <see cref="OfBound"/> is about.</summary>
    public double Bound { get; private set; }

    /// <summary>The same element in words.</summary>
    public string Worst { get; private set; } = "";

    /// <summary>Every element of a result within its own bound.</summary>
    public void Compare(Pair result, Func<int, double> bound) => Compare(result.Expected.ToString(), Read(result, expected: true), Read(result, expected: false), bound);

    public void Compare(string what, IReadOnlyList<double> expected, IReadOnlyList<double> found, Func<int, double> bound)
    {
        for (var i = 0; i < expected.Count; i++)
        {
            // What is not a number on one side only is infinitely wrong.
            var error = expected[i].Equals(found[i]) ? 0 : Math.Abs(found[i] - expected[i]);
            if (double.IsNaN(error))
                error = double.PositiveInfinity;
            var limit = bound(i);
            var share = error == 0 ? 0 : limit > 0 ? error / limit : double.PositiveInfinity;
            Elements++;
            _sum += error;
            MaxError = Math.Max(MaxError, error);
            if (share <= OfBound && Worst.Length > 0)
                continue;
            (OfBound, Bound) = (share, limit);
            Worst = FormattableString.Invariant($"element {i} of {what}: expected {expected[i]:R}, found {found[i]:R}");
        }
    }
}

/// <summary>One op on one shape.</summary>
/// <param name="Op">Name of the device's method.</param>
/// <param name="Shape">What it is given, in words.</param>
/// <param name="Run">Runs it on both devices and compares.</param>
internal sealed record OpCheck(string Op, string Shape, Action<OpRun> Run);

/// <summary>What a check found.</summary>
/// <param name="Op">Name of the device's method.</param>
/// <param name="Shape">What it was given.</param>
/// <param name="Elements">Number of elements compared.</param>
/// <param name="MaxError">Largest absolute error.</param>
/// <param name="MeanError">Mean absolute error.</param>
/// <param name="Bound">Derived bound of the element that came closest to it, or went furthest beyond.</param>
/// <param name="OfBound">That element's error as a part of its bound.</param>
/// <param name="Failure">Why it is wrong; none where it is right.</param>
internal sealed record OpResult(string Op, string Shape, long Elements, double MaxError, double MeanError, double Bound, double OfBound, string? Failure);
