using System.Text;
using Emergence.Files;

namespace Emergence.Tests.Files;

public sealed class DataFileTests
{
    private readonly string _folder = TestData.TemporaryFolder();

    /// <summary>RFC 4180 and what other programs make of it: the columns as "name:value value ...", the value of words their
    /// text.</summary>
    [Theory]
    [InlineData("0:1 2", "1\n2\n")]
    [InlineData("0:1 2", "1\r\n2\r\n\r\n\n")]
    [InlineData("0:1 2", "1\r2")]
    [InlineData("a:1 2|b:3 4", "\ufeffa,b\n1,3\n2,4\n")]
    [InlineData("a, in m:1 2|b:3 4", "\"a, in m\",b\n1,3\n2,4\n")]
    [InlineData("x:0.5 -1.25", "x\n\"0,5\"\n\"-1,25\"\n")]
    [InlineData("x:0.5 -1.25|y:3 4", "x;y\n0,5;3\n-1,25;4\n")]
    [InlineData("x:0.5 -1.25", "x\n0,5\n-1,25\n")]
    [InlineData("x:0.5 2", "x\n0,5\n2\n")]
    [InlineData("x:0.5 1.5|y:2.5 -3.5", "x,y\n0,5,2,5\n1,5,-3,5\n")]
    [InlineData("x:0.5 1.5|y:2.5 3.5", "x\ty\n0.5\t2.5\n1.5\t3.5\n")]
    [InlineData("0:1 2|1:-3 4", "1,-3\n2,4\n")]
    [InlineData("0:0.1 0.2|1:0.3 0.4", "0,1\n0.1,0.3\n0.2,0.4\n")]
    [InlineData("0:0.5 1.5", "0\n0.5\n1.5\n")]
    [InlineData("x:5 7 6", ",x\n0,5\n1,7\n2,6\n")]
    [InlineData("x:5 7 6", "Unnamed: 0,x\n2,5\n0,7\n1,6\n")]
    [InlineData("0:5.5 7 6", ",0\n0,5.5\n1,7\n2,6\n")]
    [InlineData("0:1 0 1", "1\n0\n1\n")]
    [InlineData("0:0 1 0", "0\n1\n0\n")]
    [InlineData("colour:0 1 0", "colour\nblue\nred\nblue\n")]
    [InlineData("0:1 0 1", "red\nblue\nred\n")]
    [InlineData("size:0 0 1|n:1 2 3", "size,n\n\"5\"\"\",1\n5\",2\n7,\"3\"\n", "size")]
    [InlineData("x:1 NaN 3", "x\n1\n\n3\n")]
    [InlineData("x:1 NaN", "x\n1\n\"\"\n")]
    [InlineData("x:1 NaN 3|y:NaN 2 3", "x,y\n1,NA\n,2\n3,3\n")]
    public void A_dialect_is_read_for_what_it_is(string expected, string text, string? label = null)
    {
        var table = DataFile.Read(Write("t.csv", text), new() { Labels = label == null ? [] : [label] });
        Assert.Equal(expected, string.Join('|', table.Columns.Select((column, number) => $"{table.NameOf(number)}:{Values(column)}")));

        static string Values(DataColumn column) => string.Join(
            ' ',
            (column.IsText ? column.Codes.Select(code => (double)code) : column.Numbers)
                .Select(value => FormattableString.Invariant($"{value}")));
    }

    /// <summary>What a file leaves open is not guessed: the message names the option that settles it.</summary>
    [Theory]
    [InlineData("--decimal comma or --decimal point", "1,25\n2,75\n")]
    [InlineData("--decimal comma or --decimal point", "1,05,3,5\n2,75,4,5\n")]
    [InlineData("--decimal comma", "x;y\n1,234;1\n2,345;2\n")]
    [InlineData("--header yes or --header no", "0\n1\n2\n")]
    [InlineData("--header yes or --header no", "0,1\n1,5\n2,-4\n")]
    [InlineData("--header yes or --header no", "a\nb\nc\n")]
    [InlineData("--columns x", "i,x\n0,5\n1,7\n2,6\n")]
    [InlineData("--columns 1", "1,-5\n2,7\n3,6\n")]
    [InlineData("line 3: 'b' is not a number", "x\n1\nb\n")]
    [InlineData("holds dates", "x\n2024-01-03\n2024-01-04\n")]
    [InlineData("holds several numbers", "x\n1.5 2.5\n3.5 4.5\n")]
    [InlineData("after a closing quote, found 'x'", "a\n\"1\"x\n")]
    [InlineData("line 3 has 1 fields, the header 2", "a,b\n1,2\n3\n")]
    public void An_ambiguous_file_is_refused_with_the_way_out(string expected, string text)
    {
        var error = Assert.Throws<EmergenceException>(() => DataFile.Read(Write("t.csv", text), new()));
        Assert.Contains(expected, error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void Options_settle_what_is_open()
    {
        Assert.Equal([1.25, 2.75], DataFile.Read(Write("t.csv", "1,25\n2,75\n"), new() { DecimalComma = true }).Columns.Single().Numbers);
        Assert.Equal(2, DataFile.Read(Write("t.csv", "1,25\n2,75\n"), new() { DecimalComma = false }).Columns.Count);
        Assert.Equal(3, DataFile.Read(Write("t.csv", "0\n1\n2\n"), new() { Header = false }).Rows);
        Assert.Equal(2, DataFile.Read(Write("t.csv", "0\n1\n2\n"), new() { Header = true }).Rows);
        Assert.Equal(["x"], DataFile.Read(Write("t.csv", "i,x\n0,5\n1,7\n2,6\n"), new() { Use = ColumnUse.Chosen })
            .Choose(["x"]).Columns.Select(column => column.Name));
    }

    /// <summary>Dates, several numbers in a field and mixtures stand in columns that nobody asked for, and move no number.</summary>
    [Theory]
    [InlineData("day,x,odd,y\n2024-01-03,5,a,1.5\n2024-01-04,7,4,2.5\n", "x", "1", "y", "3")]
    [InlineData("2024-01-03,5,1 2,1.5\n2024-01-04,7,3 4,2.5\n", "1", "1", "3", "3")]
    [InlineData(",day,x,y\n0,2024-01-03,5,1.5\n1,2024-01-04,7,2.5\n", "x", "2", "y", "3")]
    public void Columns_that_nobody_asked_for_do_not_matter(string text, string x, string xNumber, string y, string yNumber)
    {
        var path = Write("t.csv", text);
        foreach (var use in new[] { ColumnUse.Chosen, ColumnUse.Readable })
        {
            var table = DataFile.Read(path, new() { Use = use });
            foreach (var words in new string[][] { [x, y], [xNumber, yNumber], [x, yNumber] })
                Assert.Equal([[5.0, 7], [1.5, 2.5]], table.Choose(words).Columns.Select(column => column.Numbers));
            Assert.Equal(table.Columns.Count, table.Columns.Select((_, place) => table.Find(table.NameOf(place))).Distinct().Count());
            Assert.Contains($"expected the column '9', found {table.Listed}",
                Assert.Throws<EmergenceException>(() => table.Choose([x, "9"])).Message);
        }

        Assert.Contains("holds dates", Assert.Throws<EmergenceException>(() =>
            DataFile.Read(path, new() { Use = ColumnUse.Chosen }).Choose([text[0] == ',' ? "1" : "0"])).Message);
        Assert.EndsWith("chooses others", Assert.Throws<EmergenceException>(() => DataFile.Read(path, new())).Message);
    }

    /// <summary>A word is a name if there is one, else a number in the file; both say what holds labels.</summary>
    [Fact]
    public void Labels_are_said_by_name_or_by_number_in_the_file()
    {
        var path = Write("t.csv", "2,0,1,y\n5,2024-01-03,8,1\n6,2024-01-04,9,2\n");
        foreach (var (word, number) in new[] { ("2", 0), ("y", 3), ("3", 3), ("0", 1) })
        {
            var columns = DataFile.Read(path, new() { Header = true, Use = ColumnUse.Readable, Labels = [word] }).Columns;
            Assert.Equal([number], columns.Where(column => column.IsSaidLabels).Select(column => column.Number));
        }
    }

    /// <summary>Neighbours of 64 bits are one double, yet two classes; moved by the least of them, exactly, they are two numbers.</summary>
    [Theory]
    [InlineData("1400000000000000000\n1400000000000000001\n1400000000000000000\n")]
    [InlineData("18446744073709551614\n18446744073709551615\n18446744073709551614\n")]
    [InlineData("-9223372036854775808\n-9223372036854775807\n-9223372036854775808\n")]
    public void Whole_numbers_of_64_bits_do_not_merge(string text)
    {
        var column = DataFile.Read(Write("t.csv", text), new()).Columns.Single();
        Assert.Equal([0, 1, 0], column.Codes);
        Assert.Equal([0.0, 1, 0], column.Numbers);
    }

    /// <summary>Every type of both array formats, at its ends and beside them.</summary>
    [Theory]
    [InlineData("|b1", "BOOL", "00 01")]
    [InlineData("|u1", "U8", "00 FF")]
    [InlineData("|i1", "I8", "80 7F")]
    [InlineData("<i2", "I16", "0080 FF7F")]
    [InlineData("<u2", "U16", "0000 FFFF")]
    [InlineData("<i4", "I32", "00000080 FFFFFF7F")]
    [InlineData("<u4", "U32", "00000000 FFFFFFFF")]
    [InlineData("<i8", "I64", "0000000000000080 0100000000000080 FFFFFFFFFFFFFF7F")]
    [InlineData("<u8", "U64", "0000000000000000 FEFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF")]
    [InlineData("<f2", "F16", "FFFB FF7B")]
    [InlineData(null, "BF16", "7FFF 7F7F")]
    [InlineData("<f4", "F32", "FFFF7FFF 00000000 01000000 FFFF7F7F")]
    [InlineData("<f8", "F64", "FFFFFFFFFFFFEFFF 0000000000000000 0100000000000000 FFFFFFFFFFFFEF7F")]
    public void Every_type_keeps_its_extremes_apart(string? numpy, string type, string values)
    {
        var words = values.Split(' ');
        var bytes = Convert.FromHexString(string.Concat(words));
        var array = new StoredArray("t", [words.Length], type, bytes);
        var column = array.Columns(null).Single();
        Assert.Equal(Enumerable.Range(0, words.Length), column.Codes);
        if (numpy != null)
        {
            var path = Path.Combine(_folder, "t.npy");
            File.WriteAllBytes(path, Npy(numpy, $"({words.Length},)", bytes));
            Assert.Equal(column.Numbers, DataFile.Read(path, new()).Columns.Single().Numbers);
        }
    }

    /// <summary>An infinite value is refused with its place, in one sentence, and only where its column is asked for.</summary>
    [Theory]
    [InlineData("t.npy", "row 1, column 1 is -Infinity")]
    [InlineData("t.csv", "line 2, column 1 is -Infinity")]
    public void Infinite_values_are_refused_where_they_are_asked_for(string name, string place)
    {
        double[] values = [1, 2, 3, double.NegativeInfinity, 5, 6];
        var path = name == "t.csv" ? Write(name, "1,2\n3,-1e999\n5,6\n") : Path.Combine(_folder, name);
        if (name == "t.npy")
            File.WriteAllBytes(path, Npy("<f8", "(3, 2)", System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray()));
        Assert.Contains(place, Assert.Throws<EmergenceException>(() => DataFile.Read(path, new())).Message);
        var table = DataFile.Read(path, new() { Use = ColumnUse.Chosen });
        Assert.Equal([1.0, 3, 5], table.Choose(["0"]).Columns.Single().Numbers);
        Assert.Contains(place, Assert.Throws<EmergenceException>(() => table.Choose(["1"])).Message);
        Assert.Contains($"without column 1 ({place}", DataFile.Read(path, new() { Use = ColumnUse.Readable }).Description);
    }

    [Fact]
    public void A_row_that_lacks_a_value_is_left_out_of_both_sides()
    {
        var x = DataFile.Read(Write("x.csv", "x\n1\n\n3\n4\n"), new());
        var y = DataFile.Read(Write("y.csv", "y\n5\n6\n7\n\n"), new());
        var (tables, dropped) = PairedTables.Pair([x, y], dropsMissing: true);
        Assert.Equal(2, dropped);
        Assert.Equal([[1.0, 3], [5.0, 7]], tables.Select(table => table.Columns[0].Numbers));
        Assert.Contains("line 3 has no value",
            Assert.Throws<EmergenceException>(() => PairedTables.Pair([x, y], dropsMissing: false)).Message);
    }

    [Fact]
    public void One_position_of_captured_rows_is_a_table()
    {
        float[] values = [.. Enumerable.Range(0, 12).Select(i => (float)i)];
        var array = new StoredArray("t", [2, 3, 2], "F32", System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        Assert.Equal([[2.0, 8], [3.0, 9]], array.Columns(1).Select(column => column.Numbers));
        Assert.Contains("--position", Assert.Throws<EmergenceException>(() => array.Columns(null)).Message);
        Assert.Contains("0 .. 2", Assert.Throws<EmergenceException>(() => array.Columns(3)).Message);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static byte[] Npy(string type, string shape, byte[] elements)
    {
        var header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}";
        header = header.PadRight((header.Length + 11 + 63) / 64 * 64 - 11) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.ASCII.GetBytes(header), .. elements];
    }
}
