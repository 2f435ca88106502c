using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Ilgpu.Kernels;
using ILGPU;

namespace Emergence.Ilgpu;

/// <content>The ops of a transformer's forward pass.</content>
public sealed partial class IlgpuDevice
{
    // Fewer groups than this leave a device idle, so that the parts of long sums get groups of their own.
    private const int ManyGroups = 256;

    protected override void EmbedCore(Tensor ids, Tensor table, float scale, Tensor y, bool accumulate)
    {
        var elements = Elements.Of(y.Rows, y.Columns);
        _machine.Launch(
            Rows.Embed, elements.Config,
            new Rows.EmbedArguments(IntegersOf(ids), StoredOf(table), scale, MatrixOf(y), accumulate ? 1 : 0, elements));
    }

    protected override void GatherRowsCore(Tensor source, Tensor rows, Tensor destination) => CopyRows(
        source, IntegersOf(rows), View<ushort>(destination), destination.RowStride * destination.Type.Size() / sizeof(ushort),
        destination.Rows);

    protected override void LayerNormCore(Tensor x, Tensor? weight, Tensor? bias, float epsilon, Tensor y, Tensor? residual) =>
        Norm(Norms.LayerNorm, x, weight, bias, epsilon, y, residual);

    protected override void RmsNormCore(Tensor x, Tensor? weight, float epsilon, Tensor y, Tensor? residual) =>
        Norm(Norms.RmsNorm, x, weight, null, epsilon, y, residual);

    protected override void MatMulCore(
        Tensor a, Tensor b, Tensor y, bool transposeA, bool transposeB, Tensor? bias, Activation activation, Tensor? residual)
    {
        var terms = transposeA ? a.Rows : a.Columns;
        if (y.Count == 0)
            return;
        var right = new Products.Right(StoredOf(b), transposeB ? 1 : b.RowStride, transposeB ? b.RowStride : 1);
        var epilogue = new Products.Epilogue(StoredOf(bias), (int)activation, MatrixOf(residual), MatrixOf(y));
        if (y.Columns == 1 && !transposeA)
        {
            _machine.Launch(
                Products.MatMulColumn, Grids.Of(Grids.Blocks(y.Rows, 16), 1, 1, Products.Threads),
                new Products.ColumnArguments(MatrixOf(a), right, epilogue, y.Rows, terms));
            return;
        }

        var left = new Products.Left(View<float>(a), transposeA ? 1 : a.RowStride, transposeA ? a.RowStride : 1);
        var (rowTiles, columnTiles) = (Grids.Blocks(y.Rows, Products.Tile), Grids.Blocks(y.Columns, Products.Tile));
        var parts = Math.Max(1, Grids.Blocks(terms, Products.PartLength));
        var isSplit = parts > 1 && (long)rowTiles * columnTiles < ManyGroups && parts * y.Count * sizeof(float) <= ScratchBytes / 2;
        lock (_machine.Gate)
        {
            var sums = isSplit ? _machine.Scratch<float>(parts * y.Count) : ArrayView<float>.Empty;
            _machine.Launch(
                Products.MatMul, Grids.Of(rowTiles, columnTiles, isSplit ? parts : 1, Products.Threads),
                new Products.Arguments(left, right, epilogue, sums, y.Rows, y.Columns, terms));
            if (!isSplit)
                return;
            var elements = Elements.Of(y.Rows, y.Columns);
            _machine.Launch(Products.MatMulParts, elements.Config, new Products.JoinArguments(sums, parts, epilogue, elements));
        }
    }

    protected override void RotateCore(Tensor x, HeadLayout heads, Tensor positions, Tensor cosines, Tensor sines, RotaryPairs pairs)
    {
        var elements = Elements.Of(x.Rows, heads.Count * cosines.Columns);
        _machine.Launch(
            Rows.Rotate, elements.Config,
            new Rows.RotateArguments(
                MatrixOf(x), heads.Stride, IntegersOf(positions), MatrixOf(cosines), MatrixOf(sines), cosines.Columns,
                pairs == RotaryPairs.Neighbours ? 1 : 0, elements));
    }

    protected override void AttentionCore(
        Tensor q, Tensor k, Tensor v, Tensor parents, Tensor y, AttentionShape shape, AttentionPositions? positions) =>
        _machine.Launch(
            Paths.Attention, Grids.Of(q.Rows, shape.Query.Count, 1, Paths.Threads),
            new Paths.Arguments(
                MatrixOf(q), MatrixOf(k), MatrixOf(v), IntegersOf(parents), MatrixOf(y), IntegersOf(positions?.Positions),
                MatrixOf(positions?.Bias), MatrixOf(positions?.Scale), MatrixOf(shape.Sinks), shape.Query.Stride, shape.Key.Stride,
                shape.Value.Stride, shape.Query.Count / shape.Key.Count, shape.Query.Size, shape.Value.Size, shape.Scale, shape.Window,
                shape.SoftCap));

    protected override void GateCore(Tensor gate, Tensor up, Activation activation, Tensor y)
    {
        var elements = Elements.Of(y.Rows, y.Columns);
        _machine.Launch(
            Elementwise.Gate, elements.Config,
            new Elementwise.GateArguments(MatrixOf(gate), MatrixOf(up), MatrixOf(y), (int)activation, elements));
    }

    protected override void ScaleCore(Tensor x, float factor, Tensor y, Tensor? residual)
    {
        var elements = Elements.Of(x.Rows, x.Columns);
        _machine.Launch(
            Elementwise.Scale, elements.Config,
            new Elementwise.ScaleArguments(MatrixOf(x), factor, MatrixOf(y), MatrixOf(residual), elements));
    }

    protected override void ClipCore(Tensor x, float least, float most)
    {
        var elements = Elements.Of(x.Rows, x.Columns);
        _machine.Launch(Elementwise.Clip, elements.Config, new Elementwise.ClipArguments(MatrixOf(x), least, most, elements));
    }

    protected override void ApplyXieluCore(Tensor x, Xielu shape)
    {
        var elements = Elements.Of(x.Rows, x.Columns);
        _machine.Launch(
            Elementwise.ApplyXielu, elements.Config,
            new Elementwise.XieluArguments(
                MatrixOf(x), (float)shape.Positive, (float)shape.Negative, (float)shape.Linear, (float)shape.Limit, elements));
    }

    protected override void CopyHeadsCore(Tensor source, HeadLayout from, Tensor destination, HeadLayout to)
    {
        var elements = Elements.Of(source.Rows, to.Count * to.Size);
        _machine.Launch(
            Rows.CopyHeads, elements.Config,
            new Rows.CopyHeadsArguments(
                MatrixOf(source), from.Count == 1 ? 0 : from.Stride, MatrixOf(destination), to.Stride, to.Size, elements));
    }

    protected override void SoftCapCore(Tensor x, float cap)
    {
        var elements = Elements.Of(x.Rows, x.Columns);
        _machine.Launch(Elementwise.SoftCap, elements.Config, new Elementwise.SoftCapArguments(MatrixOf(x), cap, elements));
    }

    protected override void MixRowsCore(Tensor x, Tensor rows, Tensor weights, Tensor y)
    {
        var elements = Elements.Of(y.Rows, y.Columns);
        _machine.Launch(
            Rows.MixRows, elements.Config,
            new Rows.MixArguments(MatrixOf(x), IntegersOf(rows), MatrixOf(weights), rows.Columns, MatrixOf(y), elements));
    }

    private void Norm(
        Action<Norms.Arguments> kernel, Tensor x, Tensor? weight, Tensor? bias, float epsilon, Tensor y, Tensor? residual) =>
        _machine.Launch(
            kernel, Grids.Of(x.Rows, 1, 1, Norms.Threads),
            new Norms.Arguments(MatrixOf(x), StoredOf(weight), StoredOf(bias), epsilon, MatrixOf(y), MatrixOf(residual), x.Columns));

    /// <param name="source">Any type.</param>
    /// <param name="rows">Rows of it to take, all by default.</param>
    /// <param name="destination">16-bit words.</param>
    /// <param name="stride">Words from a row of it to the next.</param>
    /// <param name="count">Rows of it.</param>
    private void CopyRows(Tensor source, Integers rows, ArrayView<ushort> destination, int stride, int count)
    {
        var words = source.Type.Size() / sizeof(ushort);
        var elements = Elements.Of(count, source.Columns * words);
        _machine.Launch(
            Rows.GatherRows, elements.Config,
            new Rows.GatherArguments(View<ushort>(source), source.RowStride * words, rows, destination, stride, elements));
    }
}
