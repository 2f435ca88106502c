using System.Globalization;
using System.Text;
using System.Text.Json;
using Emergence.Information.KnownMi;

namespace Emergence.Tests.Cli;

public sealed class MiTests
{
    private readonly string _folder = TestData.TemporaryFolder();

    [Fact]
    public void Every_format_gives_the_same_numbers()
    {
        var sample = KnownMiCases.All.Single(known => known.Id == "6").Sample(400, 1);
        var (x, y) = (Write("x.csv", Csv(sample.X, 5)), Write("y.csv", Csv(sample.Y, 5)));
        var expected = Lines("mi", x, y, "--estimator", "ksg,gaussian", "--json", "--device", "reference");
        Assert.Equal(["ksg", "gaussian"], expected.Select(line => line.GetProperty("estimator").GetString()));
        Assert.All(expected, line =>
        {
            Assert.Equal((400, 5, 5),
                (line.GetProperty("n").GetInt32(), line.GetProperty("dx").GetInt32(), line.GetProperty("dy").GetInt32()));
            Assert.InRange(line.GetProperty("mi_bits").GetDouble(), line.GetProperty("lo").GetDouble(), line.GetProperty("hi").GetDouble());
        });
        Assert.Equal("ok", expected[1].GetProperty("verdict").GetString());
        Assert.InRange(expected[1].GetProperty("mi_bits").GetDouble(), 0.7, 1.05); // 0.8552 +- 0.17: 4 SD at 400 rows

        var transposed = Write("x.npy",
            Npy("<f8", isColumnMajor: true, 400, 5, [.. Transpose(sample.X, 400, 5).Select(value => (double)(float)value)]));
        var other = Write("y.npy", Npy("<f4", isColumnMajor: false, 400, 5, sample.Y));
        var found = Lines("mi", transposed, other, "--estimator", "ksg,gaussian", "--json", "--device", "reference");
        foreach (var field in new[] { "mi_bits", "lo", "hi" })
            Assert.All(expected.Zip(found), pair =>
                Assert.Equal(pair.First.GetProperty(field).GetDouble(), pair.Second.GetProperty(field).GetDouble(), 1e-4));
    }

    /// <summary>Times in seconds since 1970, milliseconds apart: single precision has steps of 128 seconds there.</summary>
    [Theory]
    [InlineData("<f8")]
    [InlineData(".csv")]
    public void Values_that_single_precision_would_merge_are_moved_to_their_mean(string type)
    {
        var sample = KnownMiCases.All.Single(known => known.Id == "3").Sample(500, 1);
        double[] far = [.. sample.X.Select(x => 1.7e9 + 1e-3 * Math.Round(1e3 * x))], near = [.. far.Select(x => x - 1.7e9)];
        string WriteAs(string name, double[] values) => type == ".csv"
            ? Write(name + ".csv", Encoding.UTF8.GetBytes(
                string.Join('\n', values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)))))
            : Write(name + ".npy", Npy(type, isColumnMajor: false, 500, 1, values));
        var y = Write("y.csv", Csv(sample.Y, 1));
        double Bits(string x) => Lines("mi", x, y, "--estimator", "gaussian", "--json", "--device", "reference")[0].GetProperty("mi_bits")
            .GetDouble();
        Assert.Equal(Bits(WriteAs("near", near)), Bits(WriteAs("far", far)), 1e-3);
    }

    [Fact]
    public void What_cannot_work_is_refused_with_the_way_out()
    {
        var sample = KnownMiCases.All.Single(known => known.Id == "20a").Sample(200, 1);
        var (x, y) = (Write("x.csv", Csv(sample.X, 1)), Write("y.csv", Csv(sample.Y, 1)));
        var (code, output, _) = Child.Run("mi", x, y, "--estimator", "exact,ksg", "--json", "--device", "reference");
        Assert.Equal(3, code);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .ToArray();
        Assert.Equal("ok", lines[0].GetProperty("verdict").GetString());
        Assert.Equal(("failed", JsonValueKind.Null),
            (lines[1].GetProperty("verdict").GetString(), lines[1].GetProperty("mi_bits").ValueKind));
        Assert.Contains("use exact", lines[1].GetProperty("note").GetString());
    }

    /// <summary>On normal data the closed form is right at every size: within 5 standard errors.</summary>
    [Fact]
    public void Calibrate_prints_estimates_over_truth()
    {
        var picture = Path.Combine(_folder, "calibration.svg");
        var rows = Array("calibrate", "--dim", "2", "--samples", "1000", "--estimator", "gaussian", "--svg", picture, "--json", "--device",
            "reference");
        Assert.Equal([0, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 10], rows.Select(row => row.GetProperty("true_bits").GetDouble()));
        Assert.All(rows, row => Assert.Equal(row.GetProperty("true_bits").GetDouble(), row.GetProperty("mi_bits").GetDouble(), 0.2));
        Assert.Contains("1000 rows", File.ReadAllText(picture));
    }

    /// <summary>Three cases by counting; 20 intervals of 95 % miss more than 5 times with a chance below 1e-3.</summary>
    [Fact]
    public void Calibrate_counts_how_often_intervals_hold_the_truth()
    {
        var rows = Array("calibrate", "--coverage", "20", "--samples", "500", "--estimator", "grassberger", "--json", "--device",
            "reference");
        Assert.Equal(["20a", "20b", "25"], rows.Select(row => row.GetProperty("case").GetString()));
        Assert.All(rows, row => Assert.InRange(row.GetProperty("covered_percent").GetDouble(), 75, 100));
        var (code, _, error) = Child.Run("calibrate", "--coverage", "20", "--estimator", "nwj", "--device", "reference");
        Assert.Equal(2, code);
        Assert.Contains("coverage is counted for gaussian", error);
    }

    [Theory]
    [InlineData("as many rows", "1\n2\n", "1\n")]
    [InlineData("line 2 has 2 fields", "1\n2,3\n", "1\n2\n")]
    [InlineData("'b' is not a number", "1\nb\n", "1\n2\n")]
    [InlineData("line 2 has no value in column 0", "1\nNaN\n", "1\n2\n")]
    [InlineData("line 2, column 0 is Infinity", "1\n1e999\n", "1\n2\n")]
    [InlineData("holds no numbers", "a,b\n", "1\n2\n")]
    [InlineData("expected 2 rows or more, found 1", "1\n", "1\n")]
    [InlineData("line 3 has 1 fields", "\"a, in m\",b\n1,2\n3\n", "1\n2\n")]
    [InlineData("begins in line 2 has a quote that is not closed", "1\n\"2\n", "1\n2\n")]
    public void Broken_files_are_one_line(string expected, string x, string y)
    {
        var (code, output, error) = Child.Run("mi", Write("x.csv", Encoding.UTF8.GetBytes(x)), Write("y.csv", Encoding.UTF8.GetBytes(y)));
        Assert.Equal((2, ""), (code, output));
        Assert.Contains(expected, error);
        Assert.Equal(1, error.Count(c => c == '\n'));
    }

    [Theory]
    [InlineData("holds elements of type '|O'", "|O", 16)]
    [InlineData("bytes of elements", "<f8", 8)]
    public void Broken_arrays_are_one_line(string expected, string type, int bytes)
    {
        var whole = Npy("<f8", isColumnMajor: false, 2, 1, [1, 2]);
        var text = Encoding.Latin1.GetString(whole[..(whole.Length - 16 + bytes)]).Replace("<f8", type);
        var (code, _, error) = Child.Run("mi", Write("x.npy", Encoding.Latin1.GetBytes(text)), Write("y.csv", "1\n2\n"u8.ToArray()));
        Assert.Equal(2, code);
        Assert.Contains(expected, error);
    }

    private static JsonElement[] Lines(params string[] arguments)
    {
        var (code, output, error) = Child.Run(arguments);
        Assert.True(code == 0, error);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static JsonElement[] Array(params string[] arguments)
    {
        var (code, output, error) = Child.Run(arguments);
        Assert.True(code == 0, error);
        return [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
    }

    private string Write(string name, byte[] content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private static byte[] Csv(double[] values, int columns) =>
        Encoding.UTF8.GetBytes(string.Concat(values.Chunk(columns)
            .Select(row => string.Join(',', row.Select(value => ((float)value).ToString(CultureInfo.InvariantCulture))) + "\n")));

    /// <summary>Version 1.0 as the format's description has it: a header padded to a multiple of 64 bytes.</summary>
    private static byte[] Npy(string type, bool isColumnMajor, int rows, int columns, double[] values)
    {
        var header = $"{{'descr': '{type}', 'fortran_order': {(isColumnMajor ? "True" : "False")}, 'shape': ({rows}, {columns}), }}";
        header = header.PadRight((header.Length + 11 + 63) / 64 * 64 - 11) + "\n";
        var bytes = new List<byte>(
            [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.ASCII.GetBytes(header)]);
        foreach (var value in values)
            bytes.AddRange(type == "<f4" ? BitConverter.GetBytes((float)value) : BitConverter.GetBytes(value));
        return [.. bytes];
    }

    private static double[] Transpose(double[] values, int rows, int columns) =>
        [.. Enumerable.Range(0, columns).SelectMany(column => Enumerable.Range(0, rows).Select(row => values[row * columns + column]))];
}
