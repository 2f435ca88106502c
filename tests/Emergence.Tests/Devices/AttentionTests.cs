using Emergence.Devices;
using Emergence.Tensors;

namespace Emergence.Tests.Devices;

public class AttentionTests
{
    public static TheoryData<string, int, int, int, int, double> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, int, int, int, double>();
            foreach (var name in TestDevices.Fast.Select(row => row.Data))
            {
                cases.Add(name, 1, 1, 1, 0, 0);
                cases.Add(name, 4, 4, 3, 0, 0);
                cases.Add(name, 6, 2, 31, 0, 0);
                cases.Add(name, 4, 1, 33, 3, 0);
                cases.Add(name, 3, 3, 64, 0, 5);
                cases.Add(name, 2, 1, 257, 2, 1);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Random_forest(string name, int queryHeads, int keyHeads, int size, int window, double cap)
    {
        const int Rows = 65;
        using var op = new OpCase(name, size);
        var random = new Random(size);
        var parents = op.Indices([.. Enumerable.Range(0, Rows).Select(n => random.Next(-1, n))]);
        var (q, k, v) = (op.Random(Rows, queryHeads * size + 2), op.Random(Rows, keyHeads * size), op.Random(Rows, keyHeads * size));
        Check(op, q, k, v, parents, new AttentionShape(new(queryHeads, size, size), new(keyHeads, size, size), (float)(2 / Math.Sqrt(size)), window, (float)cap));
    }

    [Theory, MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void One_long_chain_with_interleaved_heads(string name)
    {
        const int Rows = 257;
        using var op = new OpCase(name, 3);
        var parents = op.Indices([.. Enumerable.Range(-1, Rows)]);
        var fused = op.Random(Rows, 2 * 3 * 16);
        var (k, v) = ((fused.Tested.ColumnRange(16, 80), fused.Expected.ColumnRange(16, 80)), (fused.Tested.ColumnRange(32, 64), fused.Expected.ColumnRange(32, 64)));
        Check(op, fused, k, v, parents, new AttentionShape(new(2, 16, 48), new(2, 16, 48), 0.25f));
    }

    [Theory, MemberData(nameof(TestDevices.Names), MemberType = typeof(TestDevices))]
    public void By_hand(string name)
    {
        // Row 2 is a child of row 0: equal scores there, so the mean of both values; row 1 stands alone.
        using var op = new OpCase(name, 4);
        var (q, k, v) = (op.Matrix([1, 1, 2], 3, 1), op.Matrix([1, 5, 1], 3, 1), op.Matrix([10, 20, 40], 3, 1));
        var (parents, y) = (op.Indices(-1, -1, 0), op.Random(3, 1));
        op.Device.Attention(q.Tested, k.Tested, v.Tested, parents.Tested, y.Tested, new AttentionShape(new(1, 1, 1), new(1, 1, 1), 1));
        Assert.Equal([10.0, 20, 25], op.Read(y.Tested));
    }

    [Theory, MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void Not_a_number_reaches_descendants_only(string name)
    {
        using var op = new OpCase(name, 5);
        var keys = OpCase.Values(new Random(1), 12 * 8);
        keys[3 * 8] = double.NaN;
        var (q, k, v, y) = (op.Random(12, 8), op.Matrix(keys, 12, 8), op.Random(12, 8), op.Random(12, 8));
        var parents = op.Indices(-1, 0, 1, 2, 3, 2, 5, 6, 7, 4, 9, 8);
        op.Device.Attention(q.Tested, k.Tested, v.Tested, parents.Tested, y.Tested, new AttentionShape(new(1, 8, 8), new(1, 8, 8), 1));
        var found = op.Read(y.Tested);
        for (var i = 0; i < found.Length; i++)
            Assert.Equal(i / 8 is 3 or 4 or 9 or 10, double.IsNaN(found[i]));
    }

    private static void Check(OpCase op, (Tensor Tested, Tensor Expected) q, (Tensor Tested, Tensor Expected) k, (Tensor Tested, Tensor Expected) v, (Tensor Tested, Tensor Expected) parents, AttentionShape shape)
    {
        var y = op.Random(q.Tested.Rows, shape.Query.Count * shape.Query.Size);
        op.Device.Attention(q.Tested, k.Tested, v.Tested, parents.Tested, y.Tested, shape);
        op.Reference.Attention(q.Expected, k.Expected, v.Expected, parents.Expected, y.Expected, shape);

        // A score is a chain of size/8 products of magnitude 2.7^2 each; its error e moves a mean of values below 2.7 by 2 * 2.7 e.
        var score = (shape.Query.Size / 8.0 + 8) * OpCase.Unit * shape.Query.Size * shape.Scale * 7.4;
        op.Check(y, _ => 5.4 * score + 60 * OpCase.Unit * 2.7);
    }
}
