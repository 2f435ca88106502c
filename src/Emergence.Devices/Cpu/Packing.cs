using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <summary>Copies the operands of a product into the order in which its kernel reads them.</summary>
internal static unsafe class Packing
{
    private const int Block = 8;

    /// <summary>Rows of a transposed left side that are packed together: three cache lines, whole groups.</summary>
    private const int Columns = 48;

    /// <summary>Rows of memory that are asked for before they are read: each is too short for the processor to foresee the next.</summary>
    private const int Ahead = 12;

    /// <summary>
    /// Rows of the left side in groups: o[k * group + i] in each; six rows that are not full repeat their last row. A group
    /// is six rows or twelve.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Left(float* a, nint rowStep, nint stepA, int rows, int count, float* o, int group)
    {
        var row = 0;
        for (; rowStep == 1 && row <= rows - Columns; row += Columns)
            LeftColumns(a + row, stepA, count, o + (nint)row * count, group);
        for (; row < rows; row += GemmKernel.LowRows)
        {
            var to = o + (nint)(row / group * group) * count + row % group;
            LeftRows(a + row * rowStep, rowStep, stepA, Math.Min(GemmKernel.LowRows, rows - row), count, to, group);
        }
    }

    /// <summary>Rows that lie side by side in memory: a cache line is read once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LeftColumns(float* a, nint stepA, int count, float* o, int group)
    {
        var panel = (nint)group * count;
        for (nint k = 0; k < count; k++, a += stepA, o += group)
        {
            Lanes.Prefetch(a + Ahead * stepA, Columns);
            var to = o;
            for (var column = 0; column < Columns; column += group, to += panel)
            {
                if (group == GemmKernel.MaxRows)
                {
                    Vector256.Load(a + column).Store(to);
                    Vector128.Load(a + column + 8).Store(to + 8);
                }
                else
                {
                    Vector128.Load(a + column).Store(to);
                    Vector64.Load(a + column + 4).Store(to + 4);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LeftRows(float* a, nint rowStep, nint stepA, int rows, int count, float* o, int group)
    {
        var last = rows - 1;
        var p0 = a;
        var p1 = a + Math.Min(1, last) * rowStep;
        var p2 = a + Math.Min(2, last) * rowStep;
        var p3 = a + Math.Min(3, last) * rowStep;
        var p4 = a + Math.Min(4, last) * rowStep;
        var p5 = a + Math.Min(5, last) * rowStep;
        nint k = 0;
        for (; stepA == 1 && k <= count - 4; k += 4, o += 4 * group)
        {
            Quarter(Vector128.Load(p0 + k), Vector128.Load(p1 + k), Vector128.Load(p2 + k), Vector128.Load(p3 + k), o, group);
            var (r4, r5) = (Vector128.Load(p4 + k), Vector128.Load(p5 + k));
            var (low, high) = (Low(r4, r5), High(r4, r5));
            low.GetLower().Store(o + 4);
            low.GetUpper().Store(o + group + 4);
            high.GetLower().Store(o + 2 * group + 4);
            high.GetUpper().Store(o + 3 * group + 4);
        }

        for (; rowStep == 1 && last == GemmKernel.LowRows - 1 && k < count; k++, o += group)
        {
            Vector128.Load(p0 + k * stepA).Store(o);
            Vector64.Load(p4 + k * stepA).Store(o + 4);
        }

        for (var at = k * stepA; k < count; k++, at += stepA, o += group)
        {
            o[0] = p0[at];
            o[1] = p1[at];
            o[2] = p2[at];
            o[3] = p3[at];
            o[4] = p4[at];
            o[5] = p5[at];
        }
    }

    /// <summary>
    /// Panels of the right side, each o[k * width + j] for its columns j, zero for those beyond the last of all columns.
    /// Element (k, j) is b[k stepB + j], or b[j stepB + k] transposed, of any floating type.
    /// </summary>
    public static void Right(DType type, byte* b, nint stepB, bool transpose, int count, int columns, float* o, int width)
    {
        switch (type)
        {
            case DType.Float32:
                Right<FloatSource>(b, stepB, transpose, count, columns, o, width);
                break;
            case DType.BFloat16:
                Right<BFloat16Source>(b, stepB, transpose, count, columns, o, width);
                break;
            case DType.Float16:
                Right<HalfSource>(b, stepB, transpose, count, columns, o, width);
                break;
            case DType.Float64:
                Right<DoubleSource>(b, stepB, transpose, count, columns, o, width);
                break;
            default:
                throw new ArgumentException($"expected weights of a floating type, found {type}");
        }
    }

    /// <summary>Converts a run of elements to floats, and writes zeros up to a multiple of eight.</summary>
    public static void Convert(DType type, byte* source, int count, float* o) => Right(type, source, 0, false, 1, count, o, Block);

    private static void Right<TSource>(byte* b, nint stepB, bool transpose, int count, int columns, float* o, int width)
        where TSource : struct, ISource
    {
        stepB *= TSource.Size;
        if (!transpose)
        {
            RightRows<TSource>(b, stepB, count, columns, o, width);
            return;
        }

        for (var j = 0; j < columns; j += width, b += width * stepB, o += (nint)count * width)
            RightColumns<TSource>(b, stepB, count, Math.Min(width, columns - j), o, width);
    }

    /// <summary>Row after row through all panels: memory is read in its order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RightRows<TSource>(byte* b, nint stepB, int count, int columns, float* o, int width)
        where TSource : struct, ISource
    {
        for (var k = 0; k < count; k++, b += stepB, o += width)
        {
            if (k + Ahead < count)
                Lanes.Prefetch((float*)(b + Ahead * stepB), columns * TSource.Size / sizeof(float));
            var to = o;
            var j = 0;
            for (; j <= columns - width; j += width, to += (nint)count * width)
            {
                for (var i = 0; i < width; i += Block)
                    TSource.Load(b + (j + i) * TSource.Size).Store(to + i);
            }

            for (var i = 0; j < columns && i < width; i++)
                to[i] = j + i < columns ? TSource.LoadOne(b + (j + i) * TSource.Size) : 0;
        }
    }

    /// <summary>One panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RightColumns<TSource>(byte* b, nint stepB, int count, int columns, float* o, int width)
        where TSource : struct, ISource
    {
        if (columns < width)
            new Span<float>(o, count * width).Clear();
        for (var j = 0; j < columns; j += Block, b += Block * stepB, o += Block)
        {
            var lanes = Math.Min(Block, columns - j);
            var k = 0;
            if (lanes == Block)
            {
                for (; k <= count - Block; k += Block)
                    Transpose<TSource>(b + k * TSource.Size, stepB, o + k * width, width);
            }

            for (; k < count; k++)
            {
                for (var lane = 0; lane < lanes; lane++)
                    o[k * width + lane] = TSource.LoadOne(b + lane * stepB + k * TSource.Size);
            }
        }
    }

    /// <summary>Eight columns of eight rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose<TSource>(byte* b, nint step, float* o, int width)
        where TSource : struct, ISource
    {
        var (r0, r1, r2, r3) = (TSource.Load(b), TSource.Load(b + step), TSource.Load(b + 2 * step), TSource.Load(b + 3 * step));
        b += 4 * step;
        var (r4, r5, r6, r7) = (TSource.Load(b), TSource.Load(b + step), TSource.Load(b + 2 * step), TSource.Load(b + 3 * step));
        Quarter(r0.GetLower(), r1.GetLower(), r2.GetLower(), r3.GetLower(), o, width);
        Quarter(r4.GetLower(), r5.GetLower(), r6.GetLower(), r7.GetLower(), o + 4, width);
        Quarter(r0.GetUpper(), r1.GetUpper(), r2.GetUpper(), r3.GetUpper(), o + 4 * width, width);
        Quarter(r4.GetUpper(), r5.GetUpper(), r6.GetUpper(), r7.GetUpper(), o + 4 * width + 4, width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter(Vector128<float> r0, Vector128<float> r1, Vector128<float> r2, Vector128<float> r3, float* o, int width)
    {
        var (low, high) = (Low(r0, r2), High(r0, r2));
        var (low2, high2) = (Low(r1, r3), High(r1, r3));
        Low(low, low2).Store(o);
        High(low, low2).Store(o + width);
        Low(high, high2).Store(o + 2 * width);
        High(high, high2).Store(o + 3 * width);
    }

    /// <summary>a0 b0 a1 b1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Low(Vector128<float> a, Vector128<float> b) =>
        System.Runtime.Intrinsics.X86.Sse.IsSupported
            ? System.Runtime.Intrinsics.X86.Sse.UnpackLow(a, b) : Vector128.Create(a[0], b[0], a[1], b[1]);

    /// <summary>a2 b2 a3 b3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> High(Vector128<float> a, Vector128<float> b) =>
        System.Runtime.Intrinsics.X86.Sse.IsSupported
            ? System.Runtime.Intrinsics.X86.Sse.UnpackHigh(a, b) : Vector128.Create(a[2], b[2], a[3], b[3]);

    /// <summary>A stored floating type.</summary>
    private interface ISource
    {
        static abstract int Size { get; }

        static abstract Vector256<float> Load(byte* source);

        static abstract float LoadOne(byte* source);
    }

    private readonly struct FloatSource : ISource
    {
        public static int Size => sizeof(float);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Load(byte* source) => Vector256.Load((float*)source);

        public static float LoadOne(byte* source) => *(float*)source;
    }

    private readonly struct BFloat16Source : ISource
    {
        public static int Size => sizeof(ushort);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Load(byte* source)
        {
            var (low, high) = Vector128.Widen(Vector128.Load((ushort*)source));
            return Vector256.ShiftLeft(Vector256.Create(low, high), 16).AsSingle();
        }

        public static float LoadOne(byte* source) => BFloat16.ToSingle(*(ushort*)source);
    }

    private readonly struct HalfSource : ISource
    {
        public static int Size => sizeof(ushort);

        /// <summary>The exponent's bias grows by 112 through a product, which is exact and makes subnormals normal.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Load(byte* source)
        {
            var (low, high) = Vector128.Widen(Vector128.Load((ushort*)source));
            var bits = Vector256.Create(low, high);
            var sign = Vector256.ShiftLeft(bits & Vector256.Create(0x8000u), 16);
            var magnitude = Vector256.ShiftLeft(bits & Vector256.Create(0x7FFFu), 13);
            var value = (magnitude.AsSingle() * Vector256.Create(5.192296858534828e33f)).AsUInt32();
            var special = Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(0x0F800000u)) & Vector256.Create(0x7F800000u);
            return (value | special | sign).AsSingle();
        }

        public static float LoadOne(byte* source) => (float)*(Half*)source;
    }

    private readonly struct DoubleSource : ISource
    {
        public static int Size => sizeof(double);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> Load(byte* source) =>
            Vector256.Narrow(Vector256.Load((double*)source), Vector256.Load((double*)source + 4));

        public static float LoadOne(byte* source) => (float)*(double*)source;
    }
}
