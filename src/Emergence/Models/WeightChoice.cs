using Emergence.Devices;
using Emergence.Messages;

namespace Emergence.Models;

/// <summary>Where the weights of a run are, and why.</summary>
/// <param name="Blocks">Blocks of streamed weights in memory, as <see cref="StreamedWeights"/> counts them; null: all weights are
/// resident.</param>
/// <param name="Needed">What the weights then take of the device, in bytes.</param>
/// <param name="Reason">For people.</param>
internal sealed record WeightChoice(int? Blocks, long Needed, string Reason)
{
    public bool IsStreamed => Blocks != null;

    /// <summary>Unpacked matrices take at most one part in so many of what is free beside everything else.</summary>
    private const int UnpackedShare = 8;

    /// <summary>Bytes that the run takes beside them.</summary>
    public long Besides { get; init; }

    /// <summary>Of <see cref="Needed"/>, bytes in which packed matrices lie unpacked.</summary>
    public required long Unpacked { get; init; }

    /// <summary>One that somebody else has made.</summary>
    public static WeightChoice Given(WeightSizes sizes, int? blocks, WeightDemand demand, string reason, long? unpacked = null) =>
        Of(sizes, blocks, demand, reason, unpacked ?? sizes.Unpacked);

    /// <summary>The first that fits: all weights, two blocks, one, matrices one after the other; of what was asked for.</summary>
    /// <param name="device">Has so much free.</param>
    /// <param name="sizes">Sizes of the weights.</param>
    /// <param name="asked">By the user.</param>
    /// <param name="besides">Bytes that the run takes beside the weights.</param>
    /// <param name="demand">What the run asks of streamed weights.</param>
    public static WeightChoice Of(
        Device device, WeightSizes sizes, WeightPlacement asked, long besides = 0, WeightDemand demand = default)
    {
        var room = device.AvailableBytes - besides;
        var fits = sizes.Resident <= room;
        if (asked == WeightPlacement.Resident || (asked == WeightPlacement.Auto && fits))
            return Placed(null, asked == WeightPlacement.Resident ? "as asked for"
                : $"all weights, {ByteSize.Rounded(sizes.Resident)}, fit into what is free");
        var blocks = new[] { 2, 1, 0 }.FirstOrDefault(blocks => sizes.Streamed(blocks, demand) <= room, 0);
        return Placed(blocks, asked == WeightPlacement.Streamed ? "as asked for"
            : $"all weights, {ByteSize.Rounded(sizes.Resident)}, do not fit into the {ByteSize.Rounded(Math.Max(0, room))} that are "
                + "free for them");

        WeightChoice Placed(int? blocks, string reason)
        {
            var least = Of(sizes, blocks, demand, reason, sizes.Unpacked);
            var unpacked = sizes.UnpackedWithin((room - least.Needed) / UnpackedShare);
            return Of(sizes, blocks, demand, reason, unpacked) with { Besides = besides };
        }
    }

    private static WeightChoice Of(WeightSizes sizes, int? blocks, WeightDemand demand, string reason, long unpacked) =>
        new(blocks, (blocks is { } inFlight ? sizes.Streamed(inFlight, demand) : sizes.Resident) - sizes.Unpacked + unpacked, reason)
        {
            Unpacked = unpacked,
        };
}
