using System.Buffers;
using System.Runtime.InteropServices;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Packed;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda.Ops;

/// <summary>A packed form as its kernel reads it; addresses are those that byte 0 of a part would have.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Unpacking
{
    public ulong Codes, Table, Zeros, Scales, NestedTable, NestedScales, RowGroups, ColumnGroups, RowOrder, ColumnOrder;
    public int Columns, CodeBits, CodeOrder, Meaning;
    public int ZeroBits, ZeroOrder, ZeroColumns, ZeroOffset, ZerosAreSigned;
    public int ScaleType, NestedRun, BlockRows, BlockColumns, ColumnsOfBlocks, Run;
    public float Divisor, Offset, Factor;
}

/// <summary>The host side of kernels/unpack.cu: what some rows ask for of a packed matrix is uploaded, unless it has been, and unpacked
/// there.</summary>
internal static unsafe class UnpackOps
{
    /// <summary>Codes that are on the GPU at a time, if one row has no more.</summary>
    private const long StagingBytes = 1 << 25;

    public static void Unpack(this CudaQueue queue, PackedSlice rows, Tensor y)
    {
        var form = rows.Matrix.Form;

        // Rows in another order may lie anywhere: they are uploaded together.
        var each = rows.RowOrder != null ? y.Rows
            : (int)Math.Clamp(StagingBytes / Math.Max(1, (long)form.Columns * form.Codes.Bits / 8), 1, y.Rows);
        for (var start = 0; start < y.Rows; start += each)
            queue.Unpack(form, rows, rows.Start + start, y.RowRange(start, Math.Min(each, y.Rows - start)));
    }

    private static void Unpack(this CudaQueue queue, PackedForm form, PackedSlice rows, int start, Tensor y)
    {
        using var counted = new Staging(null, 0);
        Describe(form, rows, start, y.Rows, counted);
        using var held = queue.Scratch(counted.Bytes + sizeof(Unpacking), out var scratch);
        using var staging = new Staging(queue, (ulong)scratch.Address);
        var unpacking = Describe(form, rows, start, y.Rows, staging);
        var place = (ulong)scratch.Address + (ulong)staging.Bytes;
        queue.Upload(&unpacking, place, sizeof(Unpacking));
        queue.Launch(
            KernelTable.Unpack, Grid.Elements(KernelTable.Unpack, y.Rows, y.Columns),
            new(staging.Read + KernelWork.BytesOf(y)),
            place, start, y, y.Rows, y.Columns);

        // What was uploaded may be given up, and the scratch is used anew.
        queue.Synchronize();
    }

    private static Unpacking Describe(PackedForm form, PackedSlice rows, int start, int count, Staging staging)
    {
        var (first, taken) = (start, count);
        if (rows.RowOrder is { } order)
        {
            var stored = order[start..(start + count)];
            first = stored.Min();
            taken = stored.Max() - first + 1;
        }

        var (scales, nested, zeros) = (form.Scales, form.Scales.Nested, form.Zeros);
        var (firstBlock, lastBlock) = form.BlocksOf(first, taken);
        var (firstScale, lastScale) = form.Run > 0
            ? ((long)first * form.Columns / form.Run, (((long)first + taken) * form.Columns - 1) / form.Run)
            : ((long)firstBlock * form.BlockColumns, ((long)lastBlock + 1) * form.BlockColumns - 1);
        return new()
        {
            Codes = staging.Add(form.Codes.Bytes, form.Codes.BytesOf(first, taken)),
            Table = staging.Add(form.Table),
            Zeros = zeros == null ? 0 : staging.Add(zeros.Bytes, zeros.BytesOf(firstBlock, lastBlock - firstBlock + 1)),
            Scales = staging.Add(scales.Bytes, (firstScale * scales.Size, (lastScale + 1) * scales.Size)),
            NestedTable = staging.Add(nested?.Table),
            NestedScales = nested == null ? 0 : staging.Add(
                nested.Scales.Bytes, (firstScale / nested.Run * sizeof(float), (lastScale / nested.Run + 1) * sizeof(float))),
            RowGroups = form.RowGroups == null ? 0
                : staging.Add(form.RowGroups, ((long)first * sizeof(int), ((long)first + taken) * sizeof(int))),
            ColumnGroups = form.ColumnGroups == null ? 0 : staging.Add(form.ColumnGroups, (0, (long)form.Columns * sizeof(int))),
            RowOrder = staging.Add(rows.RowOrder),
            ColumnOrder = staging.Add(rows.ColumnOrder),
            Columns = form.Columns,
            CodeBits = form.Codes.Bits,
            CodeOrder = (int)form.Codes.Order,
            Meaning = (int)form.Meaning,
            ZeroBits = zeros?.Bits ?? 0,
            ZeroOrder = (int)(zeros?.Order ?? 0),
            ZeroColumns = zeros?.Columns ?? 0,
            ZeroOffset = form.ZeroOffset,
            ZerosAreSigned = form.ZerosAreSigned ? 1 : 0,
            ScaleType = (int)scales.Type,
            NestedRun = nested?.Run ?? 0,
            BlockRows = form.Block.Rows,
            BlockColumns = form.Block.Columns,
            ColumnsOfBlocks = form.BlockColumns,
            Run = form.Run,
            Divisor = scales.Divisor,
            Offset = nested?.Offset ?? 0,
            Factor = form.Factor,
        };
    }

    /// <summary>Parts one after the other in memory of the queue; without a queue they are counted.</summary>
    private sealed class Staging(CudaQueue? queue, ulong address) : IDisposable
    {
        private const int Alignment = 256;
        private readonly List<MemoryHandle> _pinned = [];

        public long Bytes { get; private set; }

        /// <summary>Bytes that the kernel reads, also of parts that need no upload.</summary>
        public long Read { get; private set; }

        /// <summary>Bytes of a part; the address that byte 0 of it would have.</summary>
        public ulong Add(PackedBytes part, (long Start, long End) range)
        {
            if (part.Memory is PinnedBuffer { Copy: var copy })
            {
                Read += Ceiling.Multiple(range.End - range.Start, Alignment);
                return (ulong)copy.Address + (ulong)part.Start;
            }

            var start = range.Start / Alignment * Alignment;
            return Add((byte*)part.Memory.Address + part.Start + start, range.End - start) - (ulong)start;
        }

        /// <summary>A whole array, or none.</summary>
        public ulong Add<T>(T[]? values)
            where T : unmanaged
        {
            if (values == null)
                return 0;
            _pinned.Add(values.AsMemory().Pin());
            return Add((byte*)_pinned[^1].Pointer, (long)values.Length * sizeof(T));
        }

        public void Dispose() => _pinned.ForEach(pinned => pinned.Dispose());

        private ulong Add(byte* source, long bytes)
        {
            var place = address + (ulong)Bytes;
            queue?.Upload(source, place, bytes);
            Bytes += Ceiling.Multiple(bytes, Alignment);
            Read += Ceiling.Multiple(bytes, Alignment);
            return place;
        }
    }
}
