using Emergence.Devices.Packed;
using Emergence.Devices.Tensors;

namespace Emergence.Devices;

/// <content>What weights need that stay packed.</content>
public abstract partial class Device
{
    /// <summary>
    /// y[n] = rows[n], whose packed form stays in the host's memory. Values are those of the form to the last bit, on every device.
    /// </summary>
    /// <param name="rows">As many as y has, or more.</param>
    /// <param name="y">(N, c) of <see cref="ComputeType"/>, dense.</param>
    public void Unpack(PackedSlice rows, Tensor y)
    {
        var most = (rows.RowOrder?.Length ?? rows.Matrix.Rows) - rows.Start;
        Require(y.IsDense && y.Type == ComputeType && y.Columns == rows.Matrix.Columns && y.Rows <= most, nameof(Unpack),
            $"a dense y (N, {rows.Matrix.Columns}) of {ComputeType}, N up to {most}", y);
        if (y.Count > 0)
            UnpackCore(rows, y);
    }

    /// <summary>The host unpacks some rows at a time and uploads them.</summary>
    protected virtual void UnpackCore(PackedSlice rows, Tensor y)
    {
        const int StagingElements = 1 << 22;
        var most = Math.Clamp(StagingElements / y.Columns, 1, y.Rows);
        var staging = new float[(long)most * y.Columns];
        for (var start = 0; start < y.Rows; start += most)
        {
            var count = Math.Min(most, y.Rows - start);
            var part = staging.AsSpan(0, count * y.Columns);
            rows.Unpack(start, count, part);
            Upload((ReadOnlySpan<float>)part, y.RowRange(start, count));
        }
    }
}
