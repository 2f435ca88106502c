using ILGPU;

namespace Emergence.Ilgpu.Kernels;

/// <summary>
/// y = activation(op(a) op(b) + bias) + residual. A group of 256 threads makes 64 x 64 results, 4 x 4 each, from tiles in group
/// memory that are read four numbers at a time; steps are unrolled by hand, for ILGPU unrolls nothing. A sum is made of parts of
/// <see cref="PartLength"/> terms, added in their order: the same bytes whether one group adds them or each part has a group of its
/// own.
/// </summary>
internal static class Products
{
    public const int Threads = 256, Tile = 64, PartLength = 512;

    private const int Depth = 16;

    /// <param name="RowStride">Elements of a from a row of op(a) to the next.</param>
    /// <param name="DepthStride">Elements of a from a term to the next.</param>
    internal readonly record struct Left(ArrayView<float> Data, int RowStride, int DepthStride);

    /// <param name="DepthStride">Elements of b from a term to the next.</param>
    /// <param name="ColumnStride">Elements of b from a column of op(b) to the next.</param>
    internal readonly record struct Right(Stored Data, int DepthStride, int ColumnStride);

    internal readonly record struct Epilogue(Stored Bias, int Activation, Matrix Residual, Matrix Y)
    {
        public void Write(int row, int column, float sum)
        {
            if (Bias.IsThere)
                sum += Bias.At(0, column);
            sum = Functions.Activate(sum, Activation);
            Y.At(row, column) = Residual.IsThere ? sum + Residual.At(row, column) : sum;
        }
    }

    /// <param name="Parts">(parts, M, N), dense, if each part has a group of its own; else without elements.</param>
    internal readonly record struct Arguments(
        Left A, Right B, Epilogue Epilogue, ArrayView<float> Parts, int Rows, int Columns, int Terms);

    internal readonly record struct JoinArguments(ArrayView<float> Parts, int Count, Epilogue Epilogue, Elements Elements);

    internal readonly record struct ColumnArguments(Matrix A, Right B, Epilogue Epilogue, int Rows, int Terms);

    public static void MatMul(Arguments g)
    {
        var left = SharedMemory.Allocate<Four>(Depth * Tile / 4);
        var right = SharedMemory.Allocate<Four>(Depth * Tile / 4);
        var results = SharedMemory.Allocate<Four>(Tile * Tile / 4);
        int thread = Group.IdxX, x = thread & 15, y = thread >> 4;
        int row0 = Grid.IdxX * Tile, column0 = Grid.IdxY * Tile;
        var isPart = g.Parts.Length > 0;
        var first = isPart ? Grid.IdxZ * PartLength : 0;
        var last = isPart ? Smaller(first + PartLength, g.Terms) : g.Terms;
        Four t0 = default, t1 = default, t2 = default, t3 = default;
        for (var start = first; start < last; start += PartLength)
        {
            var end = Smaller(start + PartLength, last);
            Four s0 = default, s1 = default, s2 = default, s3 = default;
            for (var k = start; k < end; k += Depth)
            {
                LoadLeft(g, left.Cast<float>(), thread, row0, k, end);
                LoadRight(g, right.Cast<float>(), thread, column0, k, end);
                Group.Barrier();
                var steps = Smaller(Depth, end - k);
                for (var e = 0; e < steps; e += 4)
                {
                    Step(left[e * 16 + y], right[e * 16 + x], ref s0, ref s1, ref s2, ref s3);
                    Step(left[e * 16 + 16 + y], right[e * 16 + 16 + x], ref s0, ref s1, ref s2, ref s3);
                    Step(left[e * 16 + 32 + y], right[e * 16 + 32 + x], ref s0, ref s1, ref s2, ref s3);
                    Step(left[e * 16 + 48 + y], right[e * 16 + 48 + x], ref s0, ref s1, ref s2, ref s3);
                }

                Group.Barrier();
            }

            t0.Add(s0);
            t1.Add(s1);
            t2.Add(s2);
            t3.Add(s3);
        }

        results[y * 64 + x] = t0;
        results[y * 64 + 16 + x] = t1;
        results[y * 64 + 32 + x] = t2;
        results[y * 64 + 48 + x] = t3;
        Group.Barrier();

        // One copy of the epilogue for 16 results of a thread, and neighbours write neighbours.
        var singles = results.Cast<float>();
        for (var i = thread; i < Tile * Tile; i += Threads)
        {
            int row = row0 + i / Tile, column = column0 + i % Tile;
            if (row >= g.Rows || column >= g.Columns)
                continue;
            if (isPart)
                g.Parts[((long)Grid.IdxZ * g.Rows + row) * g.Columns + column] = singles[i];
            else
                g.Epilogue.Write(row, column, singles[i]);
        }
    }

    /// <summary>The parts of every sum, in order.</summary>
    public static void MatMulParts(JoinArguments g)
    {
        int row = g.Elements.Row, column = g.Elements.Column;
        if (!g.Elements.IsInside)
            return;
        var sum = 0f;
        for (var part = 0; part < g.Count; part++)
            sum += g.Parts[((long)part * g.Elements.Rows + row) * g.Elements.Columns + column];
        g.Epilogue.Write(row, column, sum);
    }

    /// <summary>Results of one column: 16 threads a row.</summary>
    public static void MatMulColumn(ColumnArguments g)
    {
        var scratch = SharedMemory.Allocate<float>(Threads);
        int thread = Group.IdxX, lane = thread & 15, row = Grid.IdxX * 16 + (thread >> 4);
        var sum = 0f;
        if (row < g.Rows)
        {
            for (var k = lane; k < g.Terms; k += 16)
                sum += g.A.At(row, k) * g.B.Data.Load((long)k * g.B.DepthStride);
        }

        scratch[thread] = sum;
        Group.Barrier();
        for (var half = 8; half > 0; half /= 2)
        {
            if (lane < half)
                scratch[thread] += scratch[thread + half];
            Group.Barrier();
        }

        if (lane == 0 && row < g.Rows)
            g.Epilogue.Write(row, 0, scratch[thread]);
    }

    private static void Step(Four x, Four y, ref Four s0, ref Four s1, ref Four s2, ref Four s3)
    {
        s0.AddProduct(x.A, y);
        s1.AddProduct(x.B, y);
        s2.AddProduct(x.C, y);
        s3.AddProduct(x.D, y);
    }

    /// <summary>Four terms of a row, or four rows of a term, whichever lie side by side; zeros behind the ends.</summary>
    private static void LoadLeft(Arguments g, ArrayView<float> tile, int thread, int row0, int k, int end)
    {
        var isAlongTerms = g.A.DepthStride == 1;
        int row = isAlongTerms ? thread >> 2 : (thread & 15) * 4, term = isAlongTerms ? (thread & 3) * 4 : thread >> 4;
        int rowStep = isAlongTerms ? 0 : 1, termStep = 1 - rowStep;
        int rows = g.Rows - row0, terms = end - k;
        var from = (long)(row0 + row) * g.A.RowStride + (long)(k + term) * g.A.DepthStride;
        for (var j = 0; j < 4; j++)
        {
            tile[term * Tile + row] = row < rows && term < terms ? g.A.Data[from + j] : 0;
            row += rowStep;
            term += termStep;
        }
    }

    private static void LoadRight(Arguments g, ArrayView<float> tile, int thread, int column0, int k, int end)
    {
        var isAlongTerms = g.B.DepthStride == 1;
        int column = isAlongTerms ? thread >> 2 : (thread & 15) * 4, term = isAlongTerms ? (thread & 3) * 4 : thread >> 4;
        int columnStep = isAlongTerms ? 0 : 1, termStep = 1 - columnStep;
        int columns = g.Columns - column0, terms = end - k;
        var from = (long)(column0 + column) * g.B.ColumnStride + (long)(k + term) * g.B.DepthStride;
        for (var j = 0; j < 4; j++)
        {
            tile[term * Tile + column] = column < columns && term < terms ? g.B.Data.Load(from + j) : 0;
            column += columnStep;
            term += termStep;
        }
    }

    private static int Smaller(int x, int y) => x < y ? x : y;
}
