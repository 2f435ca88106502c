using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Devices;
using Emergence.Information.Exact;
using Emergence.Information.Noise;

namespace Emergence.Measurement.Grid;

/// <summary>
/// Reads the vectors of boundaries through noise, for the cells that end there. Of one seed, all cells see the same noise on the
/// same sequences, so that the errors of differences are those of the differences.
/// </summary>
internal sealed class NoiseGrid : IDisposable
{
    private readonly MacroMicroPasses _passes;
    private readonly NoiseSettings _settings;
    private readonly int _sample;
    private readonly Dictionary<ulong, (NoiseDraws Draws, NoiseMixture Mixture)> _seeds;
    private readonly int[] _order;
    private readonly Dictionary<(CaptureKind Kind, int Position, ulong Seed), NoiseReading> _readings = [];
    private BoundaryClasses? _boundary;

    public NoiseGrid(Device device, Dataset data, MacroMicroPasses passes, int columns, NoiseSettings settings, IReadOnlyList<ulong> seeds)
    {
        (_passes, _settings, _sample) = (passes, settings, data.IsEnumeration ? 0 : data.Count);
        _seeds = (settings.IsOn ? seeds : []).ToDictionary(seed => seed, seed =>
        {
            var draws = new NoiseDraws(seed, 0, columns, NoiseSettings.Pairs);
            return (draws, new NoiseMixture(device, draws, settings.Scale));
        });

        // Sequences that begin alike stand together: draws that lie evenly in this order lie evenly over the prefixes of every position.
        _order = [.. Enumerable.Range(0, data.Count)];
        Array.Sort(_order, (left, right) => data[left].SequenceCompareTo(data[right]));
    }

    /// <summary>The side whose cells are read from now on.</summary>
    public void Enter(BoundaryClasses boundary)
    {
        _readings.Clear();
        _boundary = boundary;
    }

    /// <summary>What noise leaves of a side; nothing if that was not asked for or the side has no finite values.</summary>
    /// <param name="kind">Whole sequences or tokens alone.</param>
    /// <param name="position">t.</param>
    /// <param name="seed">Seed of the draws.</param>
    /// <param name="withMicro">Whether the tokens up to t are read too, for the error of IE.</param>
    public IReadOnlyList<NoiseValue> Values(CaptureKind kind, int position, ulong seed, bool withMicro)
    {
        if (!_settings.IsOn)
            return [];

        // Classes of the macro pass may be made whenever they are asked for.
        var side = Side(kind, position);
        if (side.NonFinite > 0)
            return [];
        var own = Reading(side, kind, position, seed);
        if (kind == CaptureKind.Micro || !withMicro || Enumerable.Range(0, position + 1).Any(t => Side(CaptureKind.Micro, t).NonFinite > 0))
            return own.Values;
        return own.Against(
            [.. Enumerable.Range(0, position + 1).Select(t => Reading(Side(CaptureKind.Micro, t), CaptureKind.Micro, t, seed))], _sample);
    }

    public void Dispose()
    {
        foreach (var (_, mixture) in _seeds.Values)
            mixture.Dispose();
    }

    private RowClasses Side(CaptureKind kind, int position) =>
        kind == CaptureKind.Macro ? _boundary!.Macro(position) : _boundary!.Micro[position];

    private NoiseReading Reading(RowClasses side, CaptureKind kind, int position, ulong seed)
    {
        if (_readings.TryGetValue((kind, position, seed), out var known))
            return known;
        var (draws, mixture) = _seeds[seed];
        var units = kind == CaptureKind.Macro ? _passes.Macro[position] : _passes.Micro[position];
        var drawn = Array.ConvertAll(draws.Places(_order.Length), place => side.ClassOfUnit[units.OfSequence[_order[place]]]);
        return _readings[(kind, position, seed)] = mixture.Read(side, drawn, _settings.SigmasOf(side.Count));
    }
}
