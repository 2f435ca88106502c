using ILGPU;

namespace Emergence.Ilgpu.Kernels;

/// <summary>A matrix in single precision as a kernel gets it; without elements if there is none.</summary>
/// <param name="Data">From element (0, 0) on.</param>
/// <param name="Stride">Elements from a row to the next.</param>
internal readonly record struct Matrix(ArrayView<float> Data, int Stride)
{
    public bool IsThere => Data.Length > 0;

    public ref float At(int row, int column) => ref Data[(long)row * Stride + column];
}

/// <summary>32-bit integers; without elements if there are none.</summary>
/// <param name="Data">From element (0, 0) on.</param>
/// <param name="Stride">Elements from a row to the next.</param>
internal readonly record struct Integers(ArrayView<int> Data, int Stride)
{
    public bool IsThere => Data.Length > 0;

    public int At(int row, int column = 0) => Data[(long)row * Stride + column];
}

/// <summary>Weights as they are stored; without elements if there are none.</summary>
/// <param name="Data">Bytes from element (0, 0) on.</param>
/// <param name="Stride">Elements from a row to the next.</param>
/// <param name="Type">One of the constants.</param>
internal readonly record struct Stored(ArrayView<byte> Data, int Stride, int Type)
{
    public const int Single = 0, BFloat16 = 1, Float16 = 2, Double = 3;

    public bool IsThere => Data.Length > 0;

    public float At(int row, int column) => Load((long)row * Stride + column);

    /// <summary>By shifts and integers if the type is not single: a device need have neither half nor double precision.</summary>
    public float Load(long i)
    {
        if (Type == Single)
            return Data.Cast<float>()[i];
        if (Type == BFloat16)
            return Interop.IntAsFloat((uint)Data.Cast<ushort>()[i] << 16);
        if (Type == Float16)
            return Functions.FromHalf(Data.Cast<ushort>()[i]);
        return Functions.FromDouble(Data.Cast<ulong>()[i]);
    }
}

/// <summary>Four numbers that are read from group memory at once.</summary>
internal struct Four
{
    public float A, B, C, D;

    public void Add(Four x)
    {
        A += x.A;
        B += x.B;
        C += x.C;
        D += x.D;
    }

    public void AddProduct(float x, Four y)
    {
        A += x * y.A;
        B += x * y.B;
        C += x * y.C;
        D += x * y.D;
    }
}

/// <summary>
/// How the threads of a grid share the elements of a matrix, one each: a group of 256 takes 2^Shift columns of some rows, so that
/// neither a division nor 64 bits tell a thread its element.
/// </summary>
/// <param name="Rows">Rows of the matrix.</param>
/// <param name="Columns">Columns of the matrix.</param>
/// <param name="Shift">At most 8.</param>
internal readonly record struct Elements(int Rows, int Columns, int Shift)
{
    public const int Threads = 256;

    public int Row => Grid.IdxX * (Threads >> Shift) + (Group.IdxX >> Shift);

    public int Column => (Grid.IdxY << Shift) + (Group.IdxX & ((1 << Shift) - 1));

    public bool IsInside => Row < Rows && Column < Columns;

    public KernelConfig Config => Grids.Of(Grids.Blocks(Rows, Threads >> Shift), Grids.Blocks(Columns, 1 << Shift), 1, Threads);

    public static Elements Of(int rows, int columns)
    {
        var shift = 0;
        while (1 << shift < Math.Min(columns, Threads))
            shift++;
        return new(rows, columns, shift);
    }
}

/// <summary>Sizes of launches, on the host.</summary>
internal static class Grids
{
    public static int Blocks(int count, int each) => (int)(((long)count + each - 1) / each);

    public static KernelConfig Of(int x, int y, int z, int threads) => new(new Index3D(x, y, z), new Index3D(threads, 1, 1));
}
