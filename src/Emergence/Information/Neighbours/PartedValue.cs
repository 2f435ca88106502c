using Emergence.Devices.Randomness;
using Emergence.Information.Statistics;

namespace Emergence.Information.Neighbours;

/// <summary>
/// What disjoint parts of the rows tell of a neighbour estimate of all of them. Neighbours share their neighbours, so that the terms
/// of the rows are not independent; the values of disjoint parts are.
/// </summary>
/// <param name="Error">Standard error of the value, widened from the normal to Student's distribution of so few parts.</param>
/// <param name="Bias">What the bias that is left may add to the value: not above 0 and not below.</param>
/// <param name="Quarter">Mean over quarters of the rows.</param>
/// <param name="QuarterError">Its standard error.</param>
internal sealed record PartedValue(double Error, (double Low, double High) Bias, double Quarter, double QuarterError)
{
    /// <summary>
    /// Beside labels or atoms a share of about k / N of the rows has a neighbourhood that reaches over an edge of the density: the
    /// bias falls as 1 / N.
    /// </summary>
    public const double RateOfThinEdge = 1;

    /// <summary>In two and more continuous columns the edges hold about sqrt(k / N) of the rows.</summary>
    public const double RateOfEdge = 0.5;

    private const int Quarters = 4, Tenths = 10;

    /// <summary>Ways to part rows without an order into quarters: together they have twelve degrees of freedom, one has three.</summary>
    private const int Shuffles = 4;

    /// <summary>Fewest rows of a part whose value tells the standard error.</summary>
    private const int RowsOfPart = 20;

    /// <summary>Fewest rows of a part for each row that the window takes from one side of a row.</summary>
    private const int RowsOfWindow = 4;

    /// <summary>
    /// The power of 1 / N as which the bias of continuous columns falls: in more than four dimensions the bend of the density within the
    /// neighbourhood weighs more than its edges, (k / N)^(2 / dimensions).
    /// </summary>
    public static double RateOf(double dimensions) => Math.Min(RateOfEdge, 2 / dimensions);

    /// <summary>Disjoint parts of the rows, at most so many, whose rows keep neighbours beyond the window.</summary>
    public static int CountOf(int rows, int window, int most = Tenths) =>
        Math.Min(most, rows / Math.Max(RowsOfPart, RowsOfWindow * window));

    /// <summary>
    /// Quarters of the rows, parted in several ways, tell the spread; rows in time order are parted into runs, in one way, and more
    /// of them. What changed from small parts to the whole tells how much of the bias is left and to which side, at a rate: with the
    /// rate of thin edges quarters do, with slower ones only tenths differ by more than noise. The parts tell it no more surely than
    /// they tell the value: a change may be a standard error more or less. Where quarters foretell another bias, by more than that, it does
    /// not fall at that rate, and may lie on either side.
    /// </summary>
    /// <param name="whole">Value of all rows.</param>
    /// <param name="rows">Their number.</param>
    /// <param name="window">Rows so near in their order are no neighbours; 0 if the order says nothing.</param>
    /// <param name="rate">The power of 1 / N as which the bias falls.</param>
    /// <param name="valueOf">Value of some rows.</param>
    public static PartedValue Of(double whole, int rows, int window, double rate, Func<int[], double> valueOf)
    {
        var quarters = Values(rows, window, Quarters, window == 0 ? Shuffles : 1, stream: 0, valueOf);
        var tenths = rate < RateOfThinEdge || window > 0 ? Values(rows, window, Tenths, shuffles: 1, stream: 2, valueOf) : quarters;
        var (spread, small) = (window == 0 ? quarters : tenths, rate < RateOfThinEdge ? tenths : quarters);

        // In a part of n rows a neighbourhood of k averages over a share of k / n of what varies from row to row, in the whole over
        // hardly any: values of parts vary by so much less.
        var error = spread.Error / (1 - (double)Neighbourhood.K * spread.Count / rows);
        double Shrinks(int count) => Math.Pow(count, rate) - 1;
        var (left, foretold) = ((whole - small.Mean) / Shrinks(small.Count), (whole - quarters.Mean) / Shrinks(quarters.Count));
        var (low, high) = (Math.Min(0, left - error / Shrinks(small.Count)), Math.Max(0, left + error / Shrinks(small.Count)));
        if (Math.Abs(left - foretold) > error / Shrinks(quarters.Count))
            (low, high) = (Math.Min(low, -high), Math.Max(high, -low));
        return new(error * Intervals.StudentT(spread.Degrees) / Intervals.Normal, (low, high), quarters.Mean, quarters.Error);
    }

    /// <summary>Mean of the parts' values and its standard error.</summary>
    private static (double Mean, double Error, int Count, int Degrees) Values(
        int rows, int window, int most, int shuffles, uint stream, Func<int[], double> valueOf)
    {
        var (random, count) = (new RandomSequence(0, stream, RandomStream.Resampling), CountOf(rows, window, most));
        var (variance, mean) = (0.0, 0.0);
        for (var shuffle = 0; shuffle < shuffles; shuffle++)
        {
            var order = Enumerable.Range(0, rows).ToArray();
            if (window == 0)
                random.Shuffle(order.AsSpan());
            double[] values = [.. Enumerable.Range(0, count).Select(part =>
                valueOf([.. order.Where((_, place) => (window == 0 ? place % count : (int)((long)place * count / rows)) == part)]))];
            variance += Math.Pow(StandardDeviation.Of(values), 2) / count / shuffles;
            mean += values.Average() / shuffles;
        }

        return (mean, Math.Sqrt(variance), count, shuffles * (count - 1));
    }
}
