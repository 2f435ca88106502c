using System.Globalization;
using Emergence.Cli;
using Emergence.Files;
using Parquet;
using Parquet.Schema;

namespace Emergence.Tests.Cli;

/// <summary>A Parquet file says what the CSV file of the same table says.</summary>
public class ParquetTests
{
    private const int Rows = 500;
    private readonly string _folder = TestData.TemporaryFolder();

    [Fact]
    public async Task A_table_gives_the_figures_of_its_csv_file()
    {
        var random = new Random(3);
        var ids = Enumerable.Range(0, Rows).Select(_ => 1_400_000_000_000_000_000 + random.Next(6)).ToArray();
        var words = Array.ConvertAll(ids, id => random.Next(4) == 0 ? "other" : $"w{id % 3}");
        var numbers = Array.ConvertAll(ids, id => id % 10 == 0 ? (double?)null : (id % 7) + random.NextDouble());
        var flags = Array.ConvertAll(ids, id => id % 2 == 0);
        var parquet = await Write(("id", ids), ("word", words), ("number", numbers), ("flag", flags));
        var csv = Path.Combine(_folder, "table.csv");
        File.WriteAllLines(csv, ["id,word,number,flag", .. ids.Select((id, i) => string.Create(CultureInfo.InvariantCulture,
            $"{id},{words[i]},{numbers[i]:R},{(flags[i] ? 1 : 0)}"))]);

        foreach (var sides in new[] { ("id", "word"), ("number", "word"), ("id,flag", "number") })
        {
            string[] options = ["--x", sides.Item1, "--y", sides.Item2, "--drop-missing", "--estimator", "exact,mixed-ksg", "--json"];
            var (code, output, _) = Child.Run(["mi", parquet, .. options]);
            var (otherCode, other, _) = Child.Run(["mi", csv, .. options]);
            Assert.Equal((0, 0), (code, otherCode));
            Assert.Equal(other.Replace("table.csv: 500 rows of 4 columns, header id,word,number,...",
                "table.parquet: 500 rows of 4 columns",
                StringComparison.Ordinal), output);
        }
    }

    [Fact]
    public async Task What_a_column_holds_decides_whether_it_is_read()
    {
        var dates = Enumerable.Range(0, 9).Select(i => new DateTime(2026, 1, 1 + i % 3)).ToArray();
        var path = await Write(("x", Enumerable.Range(0, 9).ToArray()), ("when", dates),
            ("__index_level_0__", Enumerable.Range(0, 9).ToArray()));

        Assert.Contains("column 'when' holds dates or times", Refusal(path, new()));
        Assert.Equal(["x"], Read(path, new() { Use = ColumnUse.Readable }).Columns.Select(column => column.Name));
        var table = Read(path, new() { Labels = ["when"] });
        Assert.Equal([9, 3], table.Columns.Select(column => column.Levels));
        Assert.Contains("without its index column", table.Format);
        table = Read(path, new() { Use = ColumnUse.Chosen });
        Assert.Equal([0, 2], table.Choose(["x", "2"]).Columns.Select(column => column.Number));
        Assert.Contains("column 'when' holds dates", Assert.Throws<EmergenceException>(() => table.Choose(["when"])).Message);
        Assert.Contains("expected the column 'whem', found x, when, __index",
            Assert.Throws<EmergenceException>(() => table.Choose(["whem"])).Message);
    }

    [Fact]
    public async Task A_broken_file_is_refused_in_one_line()
    {
        var bytes = File.ReadAllBytes(await Write(("x", Enumerable.Range(0, 100).ToArray())));
        var path = Path.Combine(_folder, "broken.parquet");
        var random = new Random(1);
        File.WriteAllText(path, "x\n1\n2\n");
        Assert.Contains("cannot be read as Parquet", Refusal(path, new()));
        for (var i = 0; i < 100; i++)
        {
            var damaged = bytes[..(i % 2 == 0 ? bytes.Length : random.Next(bytes.Length))];
            for (var n = 0; n < 4 && damaged.Length > 0; n++)
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, damaged);
            if (Record.Exception(() => Read(path, new())) is { } error)
                Assert.DoesNotContain('\n', Assert.IsType<EmergenceException>(error).Message);
        }
    }

    private static string Refusal(string path, DataOptions options)
    {
        var error = Assert.Throws<EmergenceException>(() => Read(path, options));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        return error.Message;
    }

    private static DataTable Read(string path, DataOptions options) => DataFile.Read(path, options with
    {
        Readers = new Dictionary<string, Func<string, DataOptions, DataTable>> { [".parquet"] = ParquetTable.Read },
    });

    /// <summary>Two row groups, so that values go on from one to the next.</summary>
    private async Task<string> Write(params (string Name, Array Values)[] columns)
    {
        var path = Path.Combine(_folder, "table.parquet");
        var fields = columns.Select(column => new DataField(column.Name, column.Values.GetType().GetElementType()!)).ToArray();
        await using var stream = File.Create(path);
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), stream);
        foreach (var range in new[] { .. (columns[0].Values.Length / 2), (columns[0].Values.Length / 2).. })
        {
            using var group = writer.CreateRowGroup();
            foreach (var (field, values) in fields.Zip(columns, (field, column) => (field, column.Values)))
                await WriteColumn(group, field, values, range);
        }

        return path;
    }

    private static Task WriteColumn(ParquetRowGroupWriter group, DataField field, Array values, Range range) => values switch
    {
        int[] wholes => group.WriteAsync<int>(field, wholes.AsMemory(range)),
        long[] wholes => group.WriteAsync<long>(field, wholes.AsMemory(range)),
        double?[] numbers => group.WriteAsync<double>(field, numbers.AsMemory(range)),
        bool[] flags => group.WriteAsync<bool>(field, flags.AsMemory(range)),
        DateTime[] dates => group.WriteAsync<DateTime>(field, dates.AsMemory(range)),
        string[] words => group.WriteAsync(field, words[range]),
        _ => throw new ArgumentException($"no writer for {values.GetType()}", nameof(values)),
    };
}
