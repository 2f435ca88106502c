using System.Runtime.CompilerServices;
using Emergence.Tensors;

namespace Emergence.Devices.Cpu;

/// <summary>
/// y = epilogue(op(a) op(b)): the sum over k runs in blocks of one length that depends on K alone, each a chain of
/// fused multiply-adds, added up in order; so an element has the same bytes in every shape, tile and number of threads.
/// </summary>
internal unsafe struct Gemm
{
    /// <summary>Longest block of k: a panel of 16 columns then fits into 24 KB of the first cache.</summary>
    private const int MaxBlock = 384;

    /// <summary>Rows whose block of the left side stays in the second cache, a multiple of 6.</summary>
    private const int MaxRows = 192;

    /// <summary>Floats of the right side that are packed at a time.</summary>
    private const long PackedFloats = 1 << 22;

    /// <summary>Floats of unfinished sums of a block of rows.</summary>
    private const int ProductFloats = 1 << 20;

    /// <summary>Where the left side is read this often at most, it is not worth packing.</summary>
    private const int FewPanels = 8;

    /// <summary>Fewer multiply-adds than this are not worth waking a thread.</summary>
    private const long SerialWork = 1 << 18;

    public required GemmKernel Kernel;
    public required int M;
    public required int N;
    public required int K;

    /// <summary>(M, K), or (K, M) transposed.</summary>
    public required float* A;

    public required nint StrideA;
    public bool TransposeA;

    /// <summary>(K, N), or (N, K) transposed.</summary>
    public required byte* B;

    public required nint StrideB;
    public DType TypeB;
    public bool TransposeB;

    /// <summary>(M, N).</summary>
    public required float* Y;

    public required nint StrideY;
    public Epilogue Epilogue;

    private readonly int BlockLength
    {
        get
        {
            var blocks = Math.Max(1, (K + MaxBlock - 1) / MaxBlock);
            return Math.Max(4, ((K + blocks - 1) / blocks + 3) / 4 * 4);
        }
    }

    public readonly void Run(CpuPool pool)
    {
        if (M == 0 || N == 0)
            return;
        var self = this;
        var threads = (long)M * N * K < SerialWork ? 1 : pool.Threads;
        var width = Kernel.Columns;

        // One block of rows reads every panel once: it packs the panel itself, where it stays in the first cache.
        var shared = M > MaxRows;
        var limit = shared ? PackedFloats / Math.Max(1, K) : ProductFloats / M;
        var chunk = (int)Math.Clamp(limit / width * width, width, (N + width - 1) / width * width);
        for (var n0 = 0; n0 < N; n0 += chunk)
        {
            var (start, columns) = (n0, Math.Min(chunk, N - n0));
            var panels = (columns + width - 1) / width;
            var packed = shared ? Scratch.Get(Scratch.Use.PackedRight, (long)panels * width * K) : null;
            if (shared && threads == 1)
                PackPanels(packed, n0, columns, 0, panels);
            else if (shared)
                pool.RunRanges(panels, 4, (first, end) => self.PackPanels(packed, start, columns, first, end));
            if (threads == 1)
            {
                Multiply(packed, n0, columns, 0, M, 0, panels);
                continue;
            }

            var (rowBlocks, rows, columnBlocks, panelsEach) = Split(threads, panels);
            pool.Run(rowBlocks * columnBlocks, i =>
            {
                var (m, p) = (i / columnBlocks * rows, i % columnBlocks * panelsEach);
                self.Multiply(packed, start, columns, m, Math.Min(rows, self.M - m), p, Math.Min(panels, p + panelsEach));
            });
        }
    }

    /// <summary>Blocks of rows, and of columns where there are too few rows to go round.</summary>
    private readonly (int RowBlocks, int Rows, int ColumnBlocks, int Panels) Split(int threads, int panels)
    {
        var wanted = 3 * threads;
        var rows = M <= MaxRows ? MaxRows : Math.Clamp((M + wanted - 1) / wanted, 8 * GemmKernel.Rows, MaxRows);
        rows = (rows + GemmKernel.Rows - 1) / GemmKernel.Rows * GemmKernel.Rows;
        var rowBlocks = (M + rows - 1) / rows;
        var columnBlocks = Math.Min(panels, (wanted + rowBlocks - 1) / rowBlocks);
        var each = (panels + columnBlocks - 1) / columnBlocks;
        return (rowBlocks, rows, (panels + each - 1) / each, each);
    }

    /// <summary>Panels first .. end - 1 of columns n0 .. n0 + columns - 1: all of k, block by block.</summary>
    private readonly void PackPanels(float* packed, int n0, int columns, int first, int end)
    {
        var (width, length) = (Kernel.Columns, BlockLength);
        var panels = (columns + width - 1) / width;
        for (var panel = first; panel < end; panel++)
        {
            for (var k0 = 0; k0 < K; k0 += length)
            {
                var count = Math.Min(length, K - k0);
                PackPanel(packed + ((long)k0 * panels + (long)panel * count) * width, n0, columns, panel, k0, count);
            }
        }
    }

    private readonly void PackPanel(float* o, int n0, int columns, int panel, int k0, int count)
    {
        var column = n0 + panel * Kernel.Columns;
        nint from = TransposeB ? column * StrideB + k0 : k0 * StrideB + column;
        Packing.Right(TypeB, B + from * TypeB.Size(), StrideB, TransposeB, count, Math.Min(Kernel.Columns, n0 + columns - column), o, Kernel.Columns);
    }

    /// <summary>Rows m0 .. m0 + rows - 1 by panels first .. end - 1, packed already or by the way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Multiply(float* packed, int n0, int columns, int m0, int rows, int first, int end)
    {
        for (var m = 0; m < rows; m += MaxRows)
            MultiplyBlock(packed, n0, columns, m0 + m, Math.Min(MaxRows, rows - m), first, end);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void MultiplyBlock(float* packed, int n0, int columns, int m0, int rows, int first, int end)
    {
        var (width, length) = (Kernel.Columns, BlockLength);
        var panels = (columns + width - 1) / width;
        var tiles = (rows + GemmKernel.Rows - 1) / GemmKernel.Rows;
        var stride = (end - first) * width;
        var single = K <= length;
        var isCopy = Epilogue.IsCopy;
        var product = Scratch.Get(Scratch.Use.Product, single ? GemmKernel.Rows * GemmKernel.MaxColumns : (long)tiles * GemmKernel.Rows * stride);
        var direct = !TransposeA && end - first <= FewPanels;
        var left = direct ? null : Scratch.Get(Scratch.Use.PackedLeft, (long)tiles * GemmKernel.Rows * length);
        var own = packed == null ? Scratch.Get(Scratch.Use.PackedRight, (long)length * width) : null;
        var (rowStep, stepA) = TransposeA ? ((nint)1, StrideA) : (StrideA, (nint)1);
        for (var k0 = 0; k0 == 0 || k0 < K; k0 += length)
        {
            var count = Math.Min(length, K - k0);
            var last = k0 + count >= K;
            var from = A + m0 * rowStep + k0 * stepA;
            if (!direct)
                Packing.Left(from, rowStep, stepA, rows, count, left);
            for (var panel = first; panel < end; panel++)
            {
                var right = packed == null ? own : packed + ((long)k0 * panels + (long)panel * count) * width;
                if (packed == null)
                    PackPanel(right, n0, columns, panel, k0, count);
                var n = n0 + panel * width;
                var inPanel = Math.Min(width, columns - panel * width);
                for (var tile = 0; tile < tiles; tile++)
                {
                    var m = tile * GemmKernel.Rows;
                    var inTile = Math.Min(GemmKernel.Rows, rows - m);
                    var y = Y + (m0 + m) * StrideY + n;
                    var inPlace = isCopy && inTile == GemmKernel.Rows && inPanel == width;
                    var c = inPlace ? y : single ? product : product + (nint)m * stride + (panel - first) * width;
                    var strideC = inPlace ? StrideY : single ? width : stride;
                    if (direct)
                        Kernel.Run(count, from + m * rowStep, rowStep, stepA, right, width, c, strideC, inTile, k0 > 0);
                    else
                        Kernel.Run(count, left + (nint)m * count, 1, GemmKernel.Rows, right, width, c, strideC, GemmKernel.Rows, k0 > 0);
                    if (last && !inPlace)
                        Epilogue.Store(c, strideC, y, StrideY, m0 + m, n, inTile, inPanel);
                }
            }
        }
    }
}
