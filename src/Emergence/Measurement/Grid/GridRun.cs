using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Information.Noise;
using Emergence.Information.Statistics;
using Emergence.Models;

namespace Emergence.Measurement.Grid;

/// <summary>
/// Fills the cells of a grid: the model runs boundary by boundary, the vectors of two neighbours become classes, and the
/// critics of all positions and seeds are trained together while the model goes on. A cell that is finished is not
/// computed again, and micro cells that are the same problem are computed once.
/// </summary>
/// <param name="model">The model, loaded.</param>
/// <param name="data">Its sequences.</param>
/// <param name="grid">The cells.</param>
/// <param name="preset">Size of the trainings.</param>
/// <param name="microPosition">Position id of a token that runs alone.</param>
/// <param name="noise">Through which every cell is read too; none by default.</param>
/// <param name="trainings">Trainings at a time at most; null: as many as the device takes.</param>
internal sealed class GridRun(LanguageModel model, Dataset data, CellGrid grid, CriticPreset preset, MicroPosition microPosition,
    NoiseSettings? noise = null, int? trainings = null)
{
    private readonly MacroMicroPasses _passes = new(data, model.Config, microPosition);

    /// <summary>The cells that each request answers.</summary>
    private readonly Dictionary<EstimationRequest, Waiting[]> _waiting = new(ReferenceEqualityComparer.Instance);

    private bool IsNoisy => grid.Estimator.Name == NoisyChannel.EstimatorName;

    /// <param name="isFinished">Cells to leave out.</param>
    /// <param name="finished">Called for every cell as soon as its value is there.</param>
    /// <param name="cancellation">Ends the work between two steps.</param>
    public void Run(Func<Cell, bool> isFinished, Action<CellResult> finished, CancellationToken cancellation)
    {
        var pending = grid.Cells.Where(cell => !isFinished(cell)).ToHashSet();
        using var batch = new EstimationBatch(model.Device, Math.Max(1, trainings ?? model.Device.TrainingsAtOnce));
        batch.Run(Requests(pending, cancellation), Deliver, cancellation);

        void Deliver(EstimationRequest request, MutualInformation value)
        {
            _waiting.Remove(request, out var cells);
            foreach (var (cell, samplingError, ofCell) in cells!)
                finished(new CellResult(cell, value with { Noise = ofCell }, samplingError));
        }
    }

    private IEnumerable<EstimationRequest> Requests(HashSet<Cell> pending, CancellationToken cancellation)
    {
        var boundaries = pending.Select(cell => cell.Boundary).ToHashSet();
        if (boundaries.Count == 0)
            yield break;
        using var reader = new NoiseGrid(model.Device, data, _passes, model.Width, noise ?? NoiseSettings.Off, grid.Seeds);
        foreach (var (l, x, y) in new BoundaryPairs(model, _passes, boundaries).OfBoth(
            (macro, micro) => new BoundaryClasses(model.Device, _passes, macro, micro, keeps: !model.KeepsRowsOnDisk), cancellation))
        {
            reader.Enter(y);
            foreach (var request in Requests(l, x, y, reader, pending))
                yield return request;
        }
    }

    /// <summary>The cells between boundaries l and l+1.</summary>
    private IEnumerable<EstimationRequest> Requests(int l, BoundaryClasses x, BoundaryClasses y, NoiseGrid reader, HashSet<Cell> pending)
    {
        var microBits = new double[data.Count];
        var microJoints = new JointClasses[data.Length];
        for (var t = 0; t < data.Length; t++)
        {
            var same = _passes.SameMicro[t];
            microJoints[t] = same < t ? microJoints[same] : new JointClasses(x.Micro[t], y.Micro[t], data.IsEnumeration);
            var joint = new JointClasses(x.Macro(t), y.Macro(t), data.IsEnumeration);
            var error = data.IsEnumeration ? 0 : SamplingError(joint, microJoints[t], t, microBits);
            foreach (var seed in grid.Seeds)
            {
                if (Request(joint, l, t, seed, Pending(CaptureKind.Macro, [t], seed, error)) is { } request)
                    yield return request;
            }
        }

        // The noise of the tokens alone is that of the sequences they are in, so that equal problems are read anew at every position.
        foreach (var positions in Enumerable.Range(0, data.Length).GroupBy(t => IsNoisy ? t : _passes.SameMicro[t]))
        {
            foreach (var seed in grid.Seeds)
            {
                if (Request(microJoints[positions.Key], l, positions.Key, seed, Pending(CaptureKind.Micro, positions, seed, 0))
                    is { } request)
                    yield return request;
            }
        }

        Waiting[] Pending(CaptureKind kind, IEnumerable<int> positions, ulong seed, double error) =>
        [
            .. from t in positions
               let cell = new Cell(kind, l, t, grid.Estimator.Name, seed)
               where pending.Contains(cell)
               let values = reader.Values(kind, t, seed, Enumerable.Range(0, t + 1).All(grid.Positions.Contains))
               let own = values.FirstOrDefault(value => value.Sigma == NoisyChannel.Sigma)
               select new Waiting(cell, IsNoisy ? own.SamplingErrorBits : error, values),
        ];
    }

    /// <summary>None where no cell waits for the answer.</summary>
    private EstimationRequest? Request(JointClasses joint, int l, int t, ulong seed, Waiting[] cells)
    {
        if (cells.Length == 0)
            return null;

        // Macro and micro cells of a seed share their random streams.
        var request = new EstimationRequest(grid.Estimator, joint, preset, seed, (uint)(l * data.Length + t)) { Noise = cells[0].Noise };
        _waiting.Add(request, cells);
        return request;
    }

    /// <summary>Standard error of IE(l, t+1) over sequences; <paramref name="microBits"/> sums what each sequence's tokens carry
    /// alone.</summary>
    private double SamplingError(JointClasses macro, JointClasses micro, int t, double[] microBits)
    {
        var (macroUnits, microUnits) = (_passes.Macro[t].OfSequence, _passes.Micro[t].OfSequence);
        var (macroBits, ownBits) = (macro.UnitInformation(), micro.UnitInformation());
        var phi = new double[data.Count];
        for (var n = 0; n < phi.Length; n++)
        {
            microBits[n] += ownBits[microUnits[n]];
            phi[n] = macroBits[macroUnits[n]] - microBits[n] / (t + 1);
        }

        var ones = new double[phi.Length];
        Array.Fill(ones, 1);
        return Intervals.SamplingError(phi, ones);
    }

    /// <summary>A cell that a request answers, with what is known of it beside the answer.</summary>
    private sealed record Waiting(Cell Cell, double SamplingError, IReadOnlyList<NoiseValue> Noise);
}
