using Emergence.Devices.Tensors;

namespace Emergence.Devices.Reference;

/// <content>Sums over the components of a normal mixture.</content>
public partial class ReferenceDevice
{
    protected override void SquareDistancesCore(Tensor a, Tensor b, Tensor? same, Tensor y)
    {
        var (left, right, to, itself) =
            (new MatrixView(a), new MatrixView(b), new MatrixView(y), same == null ? null : MatrixView.Indices(same));
        for (var m = 0; m < a.Rows; m++)
        {
            for (var k = 0; k < b.Rows; k++)
            {
                var sum = itself?[m] == k ? double.PositiveInfinity : 0;
                for (var c = 0; c < a.Columns; c++)
                    sum += (left[m, c] - right[k, c]) * (left[m, c] - right[k, c]);
                to[m, k] = sum;
            }
        }
    }

    protected override void SumMixtureCore(
        Tensor? dots, Tensor squares, Tensor rows, Tensor logs, Tensor own, Tensor inverses, Tensor sums)
    {
        var (square, log, of, inverse, to, row) = (new MatrixView(squares), new MatrixView(logs), new MatrixView(own),
            new MatrixView(inverses), new MatrixView(sums), MatrixView.Indices(rows));
        for (var p = 0; p < sums.Rows; p++)
        {
            for (var i = 0; i < inverses.Columns; i++)
            {
                var (plus, minus, r) = (0.0, 0.0, inverse[0, i]);
                for (var k = 0; k < squares.Columns; k++)
                {
                    var middle = log[0, k] - of[p, 1] - square[row[p], k] * r * r / 2;
                    var along = (At(dots, p, k, 0) - of[p, 0]) * r;
                    plus += Math.Exp(middle + along);
                    minus += Math.Exp(middle - along);
                }

                (to[p, 2 * i], to[p, 2 * i + 1]) = (plus, minus);
            }
        }
    }
}
