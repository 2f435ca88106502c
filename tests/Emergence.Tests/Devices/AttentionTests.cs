using Emergence.Devices;

namespace Emergence.Tests.Devices;

public class AttentionTests
{
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
}
