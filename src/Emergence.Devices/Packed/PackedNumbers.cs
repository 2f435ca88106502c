namespace Emergence.Devices.Packed;

/// <summary>How numbers of a few bits follow each other. A word has 32 bits, the first number in the lowest; "whole" means that none
/// lies across the border of two. The kernel numbers them the same.</summary>
public enum PackedOrder
{
    /// <summary>Row after row, in bytes, of 2, 4 or 8 bits.</summary>
    Rows,

    /// <summary>As <see cref="Rows"/> of 4 bits, with the first of two in the upper half of a byte.</summary>
    SwappedRows,

    /// <summary>A row is words of as many as fit whole.</summary>
    WordsOfRow,

    /// <summary>As <see cref="WordsOfRow"/> of 4 bits, each word with numbers 0, 2, 4, 6, 1, 3, 5, 7.</summary>
    HalvesOfRow,

    /// <summary>A column is words of as many as fit whole; words in row-major order.</summary>
    WordsOfColumn,

    /// <summary>A row is words whose bits are one sequence.</summary>
    BitsOfRow,

    /// <summary>A column is words whose bits are one sequence; words in row-major order.</summary>
    BitsOfColumn,
}

/// <summary>A matrix of numbers of a few bits.</summary>
/// <param name="Bytes">Where they are.</param>
/// <param name="Bits">Bits of a number, up to 8.</param>
/// <param name="Order">How they lie there.</param>
/// <param name="Columns">Numbers of a row.</param>
public sealed record PackedNumbers(PackedBytes Bytes, int Bits, PackedOrder Order, int Columns)
{
    private const int Word = 32;

    /// <summary>Numbers that fit whole into a word.</summary>
    private int PerWord => Word / Bits;

    /// <summary>Words of a row whose numbers lie along it.</summary>
    private long RowWords => Order == PackedOrder.BitsOfRow ? Ceiling.Of((long)Columns * Bits, Word) : Ceiling.Of(Columns, PerWord);

    /// <summary>The bits of a number.</summary>
    public int this[int row, int column]
    {
        get
        {
            var (start, shift, next) = Place(row, column);
            var bits = Bytes.Read(start, sizeof(uint));
            if (shift + Bits > Word)
                bits |= Bytes.Read(next, sizeof(uint)) << Word;
            return (int)(bits >> shift) & ((1 << Bits) - 1);
        }
    }

    /// <summary>The bytes in which rows first .. first + count - 1 lie.</summary>
    public (long Start, long End) BytesOf(int first, int count)
    {
        var end = (long)first + count;
        return Order switch
        {
            PackedOrder.Rows or PackedOrder.SwappedRows => ((long)first * Columns * Bits / 8, Ceiling.Of(end * Columns * Bits, 8)),
            PackedOrder.WordsOfColumn => Lines(first / PerWord, (end - 1) / PerWord + 1, Columns),
            PackedOrder.BitsOfColumn => Lines((long)first * Bits / Word, (end * Bits - 1) / Word + 1, Columns),
            _ => Lines(first, end, RowWords),
        };

        static (long Start, long End) Lines(long from, long to, long words) => (sizeof(uint) * from * words, sizeof(uint) * to * words);
    }

    /// <summary>First byte of what holds the number, its lowest bit there, and the first byte of the word that may hold the
    /// rest.</summary>
    private (long Start, int Shift, long Next) Place(int row, int column)
    {
        switch (Order)
        {
            case PackedOrder.Rows:
            case PackedOrder.SwappedRows:
                var index = (long)row * Columns + column;
                var bit = Bits * (Order == PackedOrder.SwappedRows ? index ^ 1 : index);
                return (bit / 8, (int)(bit % 8), 0);
            case PackedOrder.WordsOfRow:
            case PackedOrder.HalvesOfRow:
                var place = column % PerWord;
                if (Order == PackedOrder.HalvesOfRow)
                    place = (place >> 1) | ((place & 1) << 2);
                return (sizeof(uint) * (row * RowWords + column / PerWord), place * Bits, 0);
            case PackedOrder.WordsOfColumn:
                return (sizeof(uint) * ((long)(row / PerWord) * Columns + column), row % PerWord * Bits, 0);
            case PackedOrder.BitsOfRow:
                var (word, shift) = Math.DivRem((long)column * Bits, Word);
                var start = sizeof(uint) * (row * RowWords + word);
                return (start, (int)shift, start + sizeof(uint));
            default:
                var (line, low) = Math.DivRem((long)row * Bits, Word);
                return (sizeof(uint) * (line * Columns + column), (int)low, sizeof(uint) * ((line + 1) * Columns + column));
        }
    }
}
