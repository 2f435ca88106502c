using Emergence.Devices;

namespace Emergence.Lab.Verification;

/// <summary>
/// Every op of a device over awkward and real shapes, against the reference device: what <c>verify</c> runs and what the
/// tests run on all devices.
/// </summary>
internal static class OpChecks
{
    /// <summary>Sizes that end a vector, a warp, a tile or a block in its middle.</summary>
    internal static readonly int[] Awkward = [1, 3, 31, 33, 257];

    /// <summary>All checks; <paramref name="small"/> gives real shapes few rows, for devices that are slow by nature.</summary>
    public static IReadOnlyList<OpCheck> All(bool small) =>
    [
        .. ForwardChecks.All(small), .. MatMulChecks.All(small), .. AttentionChecks.All(small), .. PathChecks.All(small),
        .. MixtureChecks.All(small),
        .. CriticChecks.All(small), .. TrainingChecks.All(small),
    ];

    /// <summary>Names of the ops, in the order of the checks.</summary>
    public static IReadOnlyList<string> Ops { get; } = [.. All(small: true).Select(check => check.Op).Distinct()];

    /// <summary>The checks of one op, or all of them.</summary>
    public static IReadOnlyList<OpCheck> Choose(string? op, bool small)
    {
        if (op == null)
            return All(small);
        var known = Ops.FirstOrDefault(name => name.Equals(op, StringComparison.OrdinalIgnoreCase))
            ?? throw new EmergenceException($"unknown op '{op}': choose {string.Join(", ", Ops)}", ExitCode.Usage);
        return [.. All(small).Where(check => check.Op == known)];
    }

    /// <summary>Runs checks in order, and says after each op how many there were.</summary>
    public static IReadOnlyList<OpResult> Run(
        IReadOnlyList<OpCheck> checks, Device device, Device reference, Action<string> progress, CancellationToken cancellation)
    {
        var results = new List<OpResult>();
        foreach (var ofOp in checks.GroupBy(check => check.Op))
        {
            foreach (var check in ofOp)
            {
                cancellation.ThrowIfCancellationRequested();
                results.Add(Run(check, device, reference));
            }

            progress(
                $"{ofOp.Key}: {ofOp.Count()} checks, {results.Count(result => result.Op == ofOp.Key && result.Failure != null)} wrong");
        }

        return results;
    }

    /// <summary>Runs one check. A failure of the device is a row; one that takes the device away ends the run.</summary>
    public static OpResult Run(OpCheck check, Device device, Device reference)
    {
        using var run = new OpRun(device, reference, check.Shape.Length);
        string? failure;
        try
        {
            check.Run(run);
            failure = run.Elements == 0 ? "nothing was compared" : run.OfBound <= 1 ? null : run.Worst;
        }
        catch (EmergenceException error) when (error.ExitCode != ExitCode.TryAgain)
        {
            failure = error.Message;
        }

        return new(check.Op, check.Shape, run.Elements, run.MaxError, run.MeanError, run.Bound, run.OfBound, failure);
    }
}
