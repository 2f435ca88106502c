using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <content>Sums over the components of a normal mixture: a thread takes some rows, each in the order of its elements.</content>
public sealed unsafe partial class CpuDevice
{
    /// <summary>Squared distances that are smaller beside the squares of both rows are found again by differences.</summary>
    private const float CloseRows = 0.02f;

    /// <summary>Elements of a row that an exponential takes as long as.</summary>
    private const int ExponentialCost = 8;

    protected override void SquareDistancesCore(Tensor a, Tensor b, Tensor? same, Tensor y)
    {
        RequireFloat32(a, b, y);
        MatMul(a, b, y, transposeB: true);
        var (ofA, ofB) = (Squares(a), Squares(b));
        _pool.RunRanges(a.Rows, Grain(b.Rows), (start, end) =>
        {
            for (var m = start; m < end; m++)
            {
                var row = At(y, m);
                for (var k = 0; k < b.Rows; k++)
                {
                    var both = ofA[m] + ofB[k];
                    var square = both - 2 * row[k];
                    row[k] = square < CloseRows * both
                        ? (float)MixtureSums.SquaredDistance(new(At(a, m), a.Columns), new(At(b, k), b.Columns)) : square;
                }

                if (same != null && Index(same, m) >= 0)
                    row[Index(same, m)] = float.PositiveInfinity;
            }
        });
        GC.KeepAlive((a, b, same, y));
    }

    protected override void SumMixtureCore(
        Tensor? dots, Tensor squares, Tensor rows, Tensor logs, Tensor own, Tensor inverses, Tensor sums)
    {
        RequireFloat32(dots, squares, logs, own, inverses, sums);
        var (count, sizes) = (squares.Columns, inverses.Columns);
        _pool.RunRanges(sums.Rows, Grain(ExponentialCost * count * sizes), (start, end) =>
        {
            for (var p = start; p < end; p++)
            {
                for (var i = 0; i < sizes; i++)
                {
                    var (plus, minus) = MixtureSums.Of(dots == null ? [] : new(At(dots, p), count), At(own, p)[0],
                        new(At(squares, Index(rows, p)), count), new(At(logs, 0), count), At(own, p)[1], At(inverses, 0)[i]);
                    (At(sums, p)[2 * i], At(sums, p)[2 * i + 1]) = ((float)plus, (float)minus);
                }
            }
        });
        GC.KeepAlive((dots, squares, rows, logs, own, inverses, sums));
    }

    /// <summary>|x|^2 of every row.</summary>
    private float[] Squares(Tensor x)
    {
        var squares = new float[x.Rows];
        _pool.RunRanges(x.Rows, Grain(x.Columns), (start, end) =>
        {
            for (var r = start; r < end; r++)
                squares[r] = (float)MixtureSums.Dot(new(At(x, r), x.Columns), new(At(x, r), x.Columns));
        });
        return squares;
    }
}
