using System.Runtime.CompilerServices;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <summary>
/// y = epilogue(op(a) op(b)): the sum over k runs in blocks of one length that depends on K alone, each a chain of
/// fused multiply-adds, added up in order; so an element has the same bytes in every shape, tile and number of threads.
/// </summary>
internal unsafe struct Gemm
{
    /// <summary>
    /// Longest of several blocks of k: a panel of 16 columns then fits into 24 KB of the first cache. Twice that is one block.
    /// </summary>
    private const int MaxBlock = 384;

    /// <summary>Rows whose block of the left side stays in the second cache, a multiple of every kernel's rows.</summary>
    private const int MaxRows = 192;

    /// <summary>Up to so many rows are one block, which reads every panel of the right side once.</summary>
    private const int SingleBlockRows = 384;

    /// <summary>Columns of the right side that such a block packs at a time: with it they stay in the second cache.</summary>
    private const int OwnColumns = 256;

    /// <summary>Floats of the right side that are packed at a time.</summary>
    private const long PackedFloats = 1 << 22;

    /// <summary>Floats of unfinished sums of a block of rows.</summary>
    private const int ProductFloats = 1 << 20;

    /// <summary>A left side that is read this often at most is not worth packing: its rows are read where they lie.</summary>
    private const int FewPanels = 48;

    /// <summary>Fewer multiply-adds than this are not worth waking a thread.</summary>
    private const long SerialWork = 1 << 18;

    public required GemmKernel Kernel;
    public required int M;
    public required int N;
    public required int K;

    /// <summary>(M, K), or (K, M) transposed.</summary>
    public float* A;

    public nint StrideA;
    public bool TransposeA;

    /// <summary>(K, N), or (N, K) transposed.</summary>
    public byte* B;

    public nint StrideB;
    public DType TypeB;
    public bool TransposeB;

    /// <summary>The right side as <see cref="Pack"/> left it, or null.</summary>
    public float* PackedB;

    /// <summary>Rows of the left side that are made when they are read, in place of A.</summary>
    public PairSumRows? PairsA;

    /// <summary>Rows of the right side that are made when they are packed, in place of B.</summary>
    public PairSumRows? PairsB;

    /// <summary>(M, N).</summary>
    public float* Y;

    public nint StrideY;
    public Epilogue Epilogue;

    /// <summary>Whether several blocks of rows read the packed right side; else the only one packs it by the way.</summary>
    private readonly bool IsShared => M > SingleBlockRows;

    private readonly int BlockLength
    {
        get
        {
            var blocks = K <= 2 * MaxBlock ? 1 : Ceiling.Of(K, MaxBlock);
            return Math.Max(4, Ceiling.Multiple(Ceiling.Of(K, blocks), 4));
        }
    }

    public readonly void Run(CpuPool pool)
    {
        if (M == 0 || N == 0)
            return;
        var threads = (long)M * N * K < SerialWork ? 1 : pool.Free;
        if (PackedB != null)
        {
            MultiplyAll(pool, threads, PackedB, 0, N);
            return;
        }

        var width = Kernel.Columns;
        var limit = IsShared ? PackedFloats / Math.Max(1, K) : ProductFloats / M;
        var chunk = (int)Math.Clamp(limit / width * width, width, Ceiling.Multiple(N, width));
        for (var n0 = 0; n0 < N; n0 += chunk)
        {
            var columns = Math.Min(chunk, N - n0);
            var packed = IsShared ? Scratch.Get(Scratch.Use.PackedRight, Ceiling.Multiple(columns, width) * (long)K) : null;
            if (IsShared)
                PackAll(pool, threads, packed, n0, columns);
            MultiplyAll(pool, threads, packed, n0, columns);
        }
    }

    /// <summary>Packs all of B for many products that read it: <see cref="PackedB"/>.</summary>
    public readonly void Pack(CpuPool pool, float* packed) => PackAll(pool, pool.Free, packed, 0, N);

    private readonly void PackAll(CpuPool pool, int threads, float* packed, int n0, int columns)
    {
        var panels = Ceiling.Of(columns, Kernel.Columns);
        if (threads == 1)
            PackPanels(packed, n0, columns, 0, panels);
        else
            PackShared(pool, packed, n0, columns, panels);
    }

    // What a thread takes of a shared loop is a closure: one is made only where there are threads.
    private readonly void PackShared(CpuPool pool, float* packed, int n0, int columns, int panels)
    {
        var self = this;
        pool.RunRanges(panels, 4, (first, end) => self.PackPanels(packed, n0, columns, first, end));
    }

    /// <summary>All rows by columns n0 .. n0 + columns - 1.</summary>
    private readonly void MultiplyAll(CpuPool pool, int threads, float* packed, int n0, int columns)
    {
        var panels = Ceiling.Of(columns, Kernel.Columns);
        if (threads == 1)
            Multiply(packed, n0, columns, 0, M, 0, panels);
        else
            MultiplyShared(pool, threads, packed, n0, columns, panels);
    }

    private readonly void MultiplyShared(CpuPool pool, int threads, float* packed, int n0, int columns, int panels)
    {
        var self = this;
        var (rowBlocks, rows, columnBlocks, panelsEach) = Split(threads, panels);
        pool.Run(rowBlocks * columnBlocks, i =>
        {
            var (m, p) = (i / columnBlocks * rows, i % columnBlocks * panelsEach);
            self.Multiply(packed, n0, columns, m, Math.Min(rows, self.M - m), p, Math.Min(panels, p + panelsEach));
        });
    }

    /// <summary>Blocks of rows, and of columns if there are too few rows to go round.</summary>
    private readonly (int RowBlocks, int Rows, int ColumnBlocks, int Panels) Split(int threads, int panels)
    {
        // The left side of a single block is packed for every block of columns.
        var wanted = IsShared || (M <= MaxRows && !TransposeA) ? 3 * threads : threads;
        var rows = IsShared ? Math.Clamp(Ceiling.Of(M, wanted), 4 * Kernel.Rows, MaxRows) : SingleBlockRows;
        rows = Ceiling.Multiple(rows, Kernel.Rows);
        var rowBlocks = Ceiling.Of(M, rows);
        var columnBlocks = Math.Min(panels, Ceiling.Of(wanted, rowBlocks));
        var each = Ceiling.Of(panels, columnBlocks);
        return (rowBlocks, rows, Ceiling.Of(panels, each), each);
    }

    /// <summary>Panels first .. end - 1 of columns n0 .. n0 + columns - 1: all of k, block by block.</summary>
    private readonly void PackPanels(float* packed, int n0, int columns, int first, int end)
    {
        var (width, length) = (Kernel.Columns, BlockLength);
        var panels = Ceiling.Of(columns, width);
        for (var panel = first; panel < end; panel++)
        {
            for (var k0 = 0; k0 < K; k0 += length)
            {
                var count = Math.Min(length, K - k0);
                PackPanels(packed + ((long)k0 * panels + (long)panel * count) * width, n0, columns, panel, panel + 1, k0, count);
            }
        }
    }

    /// <summary>One block of k of the product.</summary>
    private readonly void PackPanels(float* o, int n0, int columns, int first, int end, int k0, int count)
    {
        var column = n0 + first * Kernel.Columns;
        if (PairsB is { } pairs)
        {
            pairs.Panels(k0, count, column, Math.Min((end - first) * Kernel.Columns, n0 + columns - column), o, Kernel.Columns);
            return;
        }

        nint from = TransposeB ? column * StrideB + k0 : k0 * StrideB + column;
        Packing.Right(
            TypeB, B + from * TypeB.Size(), StrideB, TransposeB, count, Math.Min((end - first) * Kernel.Columns, n0 + columns - column), o,
            Kernel.Columns);
    }

    /// <summary>Rows m0 .. m0 + rows - 1 by panels first .. end - 1, packed already or by the way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Multiply(float* packed, int n0, int columns, int m0, int rows, int first, int end)
    {
        // Processors with narrow vectors have half the second cache or less, which a long block of k would overflow.
        var isLong = Kernel.Rows == GemmKernel.LowRows && BlockLength > MaxBlock;
        var block = packed == null ? SingleBlockRows : isLong ? MaxRows / 2 : MaxRows;
        for (var m = 0; m < rows; m += block)
            MultiplyBlock(packed, n0, columns, m0 + m, Math.Min(block, rows - m), first, end);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void MultiplyBlock(float* packed, int n0, int columns, int m0, int rows, int first, int end)
    {
        var (height, width, length) = (Kernel.Rows, Kernel.Columns, BlockLength);
        var panels = Ceiling.Of(columns, width);
        var tiles = Ceiling.Of(rows, height);
        var stride = (end - first) * width;
        var single = K <= length;

        // By the last tile of a panel the next one is near.
        nint aheadStep = Ceiling.Of(width, tiles);
        var (isCopy, isSimple, isInPlace) = (Epilogue.IsCopy, Epilogue.IsSimple, Epilogue.ReadsOnly(Y));
        TileEnd tileEnd;
        var product = Scratch.Get(Scratch.Use.Product, single ? GemmKernel.MaxRows * GemmKernel.MaxColumns : (long)tiles * height * stride);
        var direct = PairsA == null && !TransposeA && end - first <= FewPanels;
        var left = direct ? null : Scratch.Get(Scratch.Use.PackedLeft, (long)tiles * height * length);

        // Rows of memory are read through several panels; a transposed panel has its own, and stays in the first cache.
        var group = packed != null ? end - first : TransposeB ? 1 : Math.Max(1, OwnColumns / width);
        var own = packed == null ? Scratch.Get(Scratch.Use.PackedRight, (long)length * width * group) : null;
        var (rowStep, stepA) = TransposeA ? ((nint)1, StrideA) : (StrideA, (nint)1);
        for (var k0 = 0; k0 == 0 || k0 < K; k0 += length)
        {
            var count = Math.Min(length, K - k0);
            var last = k0 + count >= K;
            var from = A + m0 * rowStep + k0 * stepA;
            if (PairsA is { } pairs)
                pairs.Write(m0, rows, k0, count, left, count);
            else if (!direct)
                Packing.Left(from, rowStep, stepA, rows, count, left, height);

            // Rows of pairs are dense, others lie where they are or in groups of a tile's height.
            var source = direct ? from : left;
            var (sourceRow, sourceStep) = direct ? (rowStep, stepA) : PairsA == null ? (1, height) : (count, (nint)1);
            var sourceTile = direct ? height * rowStep : (nint)height * count;
            for (var panel = first; panel < end; panel++)
            {
                var inGroup = (panel - first) % group;
                if (packed == null && inGroup == 0)
                    PackPanels(own, n0, columns, panel, Math.Min(end, panel + group), k0, count);
                var right = packed == null
                    ? own + (nint)inGroup * count * width : packed + ((long)k0 * panels + (long)panel * count) * width;
                var n = n0 + panel * width;
                var inPanel = Math.Min(width, columns - panel * width);
                for (var tile = 0; tile < tiles; tile++)
                {
                    var m = tile * height;
                    var ahead = right + count * (width + (nint)tile * aheadStep);
                    var inTile = Math.Min(height, rows - m);
                    var y = Y + (m0 + m) * StrideY + n;
                    var isWhole = inTile == height && inPanel == width;
                    var inPlace = isCopy && isWhole;
                    var c = inPlace ? y : single ? product : product + (nint)m * stride + (panel - first) * width;
                    var strideC = inPlace ? StrideY : single ? width : stride;
                    var ends = last && !inPlace;
                    var byKernel = ends && isWhole && isSimple;
                    if (byKernel)
                        tileEnd = Epilogue.End(y, StrideY, m0 + m, n);
                    if (ends && !(byKernel && isInPlace))
                        Epilogue.Prefetch(y, StrideY, m0 + m, n, inTile, inPanel);
                    Kernel.Run(
                        count, source + tile * sourceTile, sourceRow, sourceStep, right, c, strideC, inTile, k0 > 0, ahead, aheadStep,
                        byKernel ? &tileEnd : null);
                    if (ends && !byKernel)
                        Epilogue.Store(c, strideC, y, StrideY, m0 + m, n, inTile, inPanel);
                }
            }
        }
    }
}
