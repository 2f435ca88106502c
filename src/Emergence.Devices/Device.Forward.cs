using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <content>The ops of a transformer's forward pass.</content>
public abstract partial class Device
{
    /// <summary>y[n] = scale * table[ids[n]], added to y where <paramref name="accumulate"/>.</summary>
    /// <param name="ids">(N, 1) Int32, each in 0 .. V-1.</param>
    /// <param name="table">(V, d), any floating type.</param>
    /// <param name="scale">Factor; 1 for most models.</param>
    /// <param name="y">(N, d).</param>
    /// <param name="accumulate">Add to what y holds.</param>
    public void Embed(Tensor ids, Tensor table, float scale, Tensor y, bool accumulate = false)
    {
        Require(
            ids.Type == DType.Int32 && ids.Rows == y.Rows && table.Columns == y.Columns, nameof(Embed),
            "ids (N, 1), table (V, d), y (N, d)", ids, table, y);
        EmbedCore(ids, table, scale, y, accumulate);
    }

    /// <summary>destination[n] = source[rows[n]].</summary>
    /// <param name="source">(K, c).</param>
    /// <param name="rows">(N, 1) Int32, each in 0 .. K-1.</param>
    /// <param name="destination">(N, c) of the source's type.</param>
    public void GatherRows(Tensor source, Tensor rows, Tensor destination)
    {
        Require(
            rows.Type == DType.Int32 && rows.Rows == destination.Rows && source.Columns == destination.Columns
                && source.Type == destination.Type,
            nameof(GatherRows), "source (K, c), rows (N, 1), destination (N, c)", source, rows, destination);
        if (source.Buffer is MappedBuffer && this is not HostDevice)
            GatherFromFile(source, rows, destination);
        else
            GatherRowsCore(source, rows, destination);
    }

    /// <summary>y = (x - mean) / sqrt(var + epsilon) * weight + bias (+ residual), row by row.</summary>
    /// <param name="x">(N, c).</param>
    /// <param name="weight">(1, c), or null for a norm without parameters.</param>
    /// <param name="bias">(1, c), or null.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="y">(N, c); may be x.</param>
    /// <param name="residual">(N, c), or null; may be y.</param>
    public void LayerNorm(Tensor x, Tensor? weight, Tensor? bias, float epsilon, Tensor y, Tensor? residual = null)
    {
        Require(
            SameShape(x, y) && IsRow(weight, x) && IsRow(bias, x) && (residual == null || SameShape(x, residual)), nameof(LayerNorm),
            "x (N, c), weight (1, c), bias (1, c), y (N, c), residual (N, c)", x, weight, bias, y, residual);
        LayerNormCore(x, weight, bias, epsilon, y, residual);
    }

    /// <summary>y = x / sqrt(mean(x^2) + epsilon) * weight (+ residual), row by row.</summary>
    /// <param name="x">(N, c).</param>
    /// <param name="weight">(1, c), or none for a norm without parameters.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <param name="y">(N, c); may be x.</param>
    /// <param name="residual">(N, c), or none; may be y.</param>
    public void RmsNorm(Tensor x, Tensor? weight, float epsilon, Tensor y, Tensor? residual = null)
    {
        Require(SameShape(x, y) && IsRow(weight, x) && (residual == null || SameShape(x, residual)), nameof(RmsNorm),
            "x (N, c), weight (1, c), y (N, c), residual (N, c)", x, weight, y, residual);
        RmsNormCore(x, weight, epsilon, y, residual);
    }

    /// <summary>y = activation(op(a) op(b) + bias) + residual, where op transposes on request.</summary>
    /// <param name="a">(M, K), or (K, M) transposed; of <see cref="ComputeType"/>.</param>
    /// <param name="b">(K, N), or (N, K) transposed (the layout of a linear layer); any floating type.</param>
    /// <param name="y">(M, N) of <see cref="ComputeType"/>.</param>
    /// <param name="transposeA">a is (K, M).</param>
    /// <param name="transposeB">b is (N, K).</param>
    /// <param name="bias">(1, N), or null.</param>
    /// <param name="activation">Applied before the residual is added.</param>
    /// <param name="residual">(M, N), or null; may be y, which accumulates.</param>
    public void MatMul(
        Tensor a, Tensor b, Tensor y, bool transposeA = false, bool transposeB = false, Tensor? bias = null,
        Activation activation = Activation.None, Tensor? residual = null)
    {
        var (m, k) = transposeA ? (a.Columns, a.Rows) : (a.Rows, a.Columns);
        var (k2, n) = transposeB ? (b.Columns, b.Rows) : (b.Rows, b.Columns);
        Require(
            k == k2 && y.Rows == m && y.Columns == n && IsRow(bias, y) && (residual == null || SameShape(y, residual)), nameof(MatMul),
            "a (M, K), b (K, N), y (M, N), bias (1, N), residual (M, N)", a, b, y, bias, residual);
        MatMulCore(a, b, y, transposeA, transposeB, bias, activation, residual);
    }

    /// <summary>Rotates, in place, the first 2r columns of every head by the angle of the row's position.</summary>
    /// <param name="x">(N, c) with heads as <paramref name="heads"/> says.</param>
    /// <param name="heads">Columns of the heads.</param>
    /// <param name="positions">(N, 1) Int32, each in 0 .. P-1.</param>
    /// <param name="cosines">(P, r).</param>
    /// <param name="sines">(P, r).</param>
    /// <param name="pairs">Columns that turn together.</param>
    public void Rotate(Tensor x, HeadLayout heads, Tensor positions, Tensor cosines, Tensor sines, RotaryPairs pairs)
    {
        Require(
            positions.Type == DType.Int32 && positions.Rows == x.Rows && SameShape(cosines, sines) && 2 * cosines.Columns <= heads.Size
                && Span(heads) <= x.Columns,
            nameof(Rotate), "x (N, heads), positions (N, 1), cosines (P, r), sines (P, r)", x, positions, cosines, sines);
        RotateCore(x, heads, positions, cosines, sines, pairs);
    }

    /// <summary>
    /// Causal attention over paths of a forest: row n sees itself, its parent, its parent's parent, ... A batch of plain
    /// sequences is a forest of chains; prefixes that sequences share are rows that several children point to.
    /// </summary>
    /// <param name="q">(N, c) with heads as shape.Query says.</param>
    /// <param name="k">(N, c) with heads as shape.Key says.</param>
    /// <param name="v">(N, c) with heads as shape.Value says.</param>
    /// <param name="parents">(N, 1) Int32: row of the previous position, smaller than the own row; -1 at a start.</param>
    /// <param name="y">(N, shape.Query.Count * shape.Value.Size), heads side by side.</param>
    /// <param name="shape">Heads, scale, window, soft cap, sinks.</param>
    /// <param name="positions">What positions do to the scores, or none.</param>
    public void Attention(Tensor q, Tensor k, Tensor v, Tensor parents, Tensor y, AttentionShape shape,
        AttentionPositions? positions = null)
    {
        var fits = q.Rows == y.Rows && k.Rows == q.Rows && v.Rows == q.Rows && parents.Rows == q.Rows && parents.Type == DType.Int32
            && Span(shape.Query) <= q.Columns && Span(shape.Key) <= k.Columns && Span(shape.Value) <= v.Columns
            && y.Columns == shape.Query.Count * shape.Value.Size && shape.Query.Size == shape.Key.Size
                && shape.Query.Count % shape.Key.Count == 0
            && shape.Value.Count == shape.Key.Count
                && (shape.Sinks == null || (shape.Sinks.Rows == 1 && shape.Sinks.Columns == shape.Query.Count));
        Require(fits, nameof(Attention), $"q, k, v (N, heads), parents (N, 1), y (N, {shape.Query.Count} * {shape.Value.Size})", q, k, v,
            parents, y);
        if (positions is { Positions: var at, Bias: var bias, Scale: var scale })
        {
            var known = at.Type == DType.Int32 && at.Rows == q.Rows && (bias == null || bias.Columns == shape.Query.Count)
                && (scale == null || scale.Columns == 1);
            Require(known, nameof(Attention), $"positions (N, 1), bias (P, {shape.Query.Count}), scale (P, 1)", at, bias, scale);
        }

        AttentionCore(q, k, v, parents, y, shape, positions);
    }

    /// <summary>y = activation(gate) * up.</summary>
    /// <param name="gate">(N, c).</param>
    /// <param name="up">(N, c).</param>
    /// <param name="activation">Function that the gate goes through.</param>
    /// <param name="y">(N, c); may be gate or up.</param>
    public void Gate(Tensor gate, Tensor up, Activation activation, Tensor y)
    {
        Require(SameShape(gate, up) && SameShape(gate, y), nameof(Gate), "gate (N, c), up (N, c), y (N, c)", gate, up, y);
        GateCore(gate, up, activation, y);
    }

    /// <summary>y = factor * x (+ residual).</summary>
    /// <param name="x">(N, c).</param>
    /// <param name="factor">Any number.</param>
    /// <param name="y">(N, c); may be x.</param>
    /// <param name="residual">(N, c), or none; may be y.</param>
    public void Scale(Tensor x, float factor, Tensor y, Tensor? residual = null)
    {
        Require(SameShape(x, y) && (residual == null || SameShape(x, residual)), nameof(Scale), "x (N, c), y (N, c), residual (N, c)", x, y,
            residual);
        ScaleCore(x, factor, y, residual);
    }

    /// <summary>x = least where x is below it, most where x is above, in place; NaN stays.</summary>
    /// <param name="x">(N, c).</param>
    /// <param name="least">At most <paramref name="most"/>; may be negative infinity.</param>
    /// <param name="most">May be infinity.</param>
    public void Clip(Tensor x, float least, float most)
    {
        Require(least <= most, nameof(Clip), "least <= most", x);
        ClipCore(x, least, most);
    }

    /// <summary>x = xIELU(x), in place.</summary>
    /// <param name="x">(N, c).</param>
    /// <param name="shape">The weights of the activation.</param>
    public void ApplyXielu(Tensor x, Xielu shape) => ApplyXieluCore(x, shape);

    /// <summary>Copies heads to where another layout has them; a single head goes to all.</summary>
    /// <param name="source">(N, c) with heads as <paramref name="from"/> says.</param>
    /// <param name="from">As many heads as <paramref name="to"/>, or one.</param>
    /// <param name="destination">(N, c) with heads as <paramref name="to"/> says; shares no element with source.</param>
    /// <param name="to">As large as the source.</param>
    public void CopyHeads(Tensor source, HeadLayout from, Tensor destination, HeadLayout to)
    {
        var fits = source.Rows == destination.Rows && from.Size == to.Size && (from.Count == to.Count || from.Count == 1)
            && Span(from) <= source.Columns && Span(to) <= destination.Columns;
        Require(fits, nameof(CopyHeads), $"source (N, {from.Count} heads of {from.Size}), destination (N, {to.Count} heads of {to.Size})",
            source, destination);
        CopyHeadsCore(source, from, destination, to);
    }

    /// <summary>x = cap * tanh(x / cap), in place.</summary>
    /// <param name="x">(N, c).</param>
    /// <param name="cap">Positive.</param>
    public void SoftCap(Tensor x, float cap)
    {
        Require(cap > 0, nameof(SoftCap), "a positive cap", x);
        SoftCapCore(x, cap);
    }

    protected abstract void EmbedCore(Tensor ids, Tensor table, float scale, Tensor y, bool accumulate);

    protected abstract void GatherRowsCore(Tensor source, Tensor rows, Tensor destination);

    protected abstract void LayerNormCore(Tensor x, Tensor? weight, Tensor? bias, float epsilon, Tensor y, Tensor? residual);

    protected abstract void RmsNormCore(Tensor x, Tensor? weight, float epsilon, Tensor y, Tensor? residual);

    protected abstract void MatMulCore(
        Tensor a, Tensor b, Tensor y, bool transposeA, bool transposeB, Tensor? bias, Activation activation, Tensor? residual);

    protected abstract void RotateCore(Tensor x, HeadLayout heads, Tensor positions, Tensor cosines, Tensor sines, RotaryPairs pairs);

    protected abstract void AttentionCore(Tensor q, Tensor k, Tensor v, Tensor parents, Tensor y, AttentionShape shape,
        AttentionPositions? positions);

    protected abstract void GateCore(Tensor gate, Tensor up, Activation activation, Tensor y);

    protected abstract void ScaleCore(Tensor x, float factor, Tensor y, Tensor? residual);

    protected abstract void ClipCore(Tensor x, float least, float most);

    protected abstract void ApplyXieluCore(Tensor x, Xielu shape);

    protected abstract void CopyHeadsCore(Tensor source, HeadLayout from, Tensor destination, HeadLayout to);

    protected abstract void SoftCapCore(Tensor x, float cap);

    private static bool SameShape(Tensor a, Tensor b) => a.Rows == b.Rows && a.Columns == b.Columns;

    private static bool IsRow(Tensor? row, Tensor matrix) => row == null || (row.Rows == 1 && row.Columns == matrix.Columns);

    private static int Span(HeadLayout heads) => (heads.Count - 1) * heads.Stride + heads.Size;
}
