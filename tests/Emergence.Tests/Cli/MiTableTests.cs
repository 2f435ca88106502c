using System.Globalization;
using System.Text.Json;

namespace Emergence.Tests.Cli;

/// <summary>A table as people have them: text, numbers, codes, gaps, dates, a constant and 64-bit ids, held against one column.</summary>
public sealed class MiTableTests
{
    private const int Rows = 400;
    private static readonly string[] s_cities = ["Berlin", "Łódź", "東京"];
    private readonly string _folder = TestData.TemporaryFolder();

    [Fact]
    public void Columns_are_ranked_by_what_they_tell_of_one()
    {
        var random = new Random(4);
        var path = Path.Combine(_folder, "people.csv");
        var missing = 0;
        File.WriteAllLines(path, ["id,twin,city,\"size, cm\",joined,one,gap,sick,noise,code", .. Enumerable.Range(0, Rows).Select(i =>
        {
            var sick = random.Next(2);
            var isGap = random.Next(5) == 0;
            missing += isGap ? 1 : 0;
            var size = string.Create(CultureInfo.InvariantCulture, $"{170 + 9 * random.NextDouble():0.0}");
            var gap = isGap ? "NA" : string.Create(CultureInfo.InvariantCulture, $"{sick + random.NextDouble() * 1.5:R}");
            return string.Create(CultureInfo.InvariantCulture,
                $"{1_000_000_000_000_000_000 + random.Next()},{(sick == 1 ? "yes" : "no")},{s_cities[random.Next(3)]},{size},"
                + $"2024-01-{1 + i % 28:00},1,{gap},{sick},{random.NextDouble():R},{random.Next(3):000}");
        })]);

        var (code, output, error) = Child.Run("mi", path, "--target", "sick", "--json");

        Assert.True(code == 0, error);
        var lines = output.TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(["twin", "gap"], lines.Take(2).Select(Column));
        Assert.Equal(["city", "code", "gap", "id", "noise", "one", "size, cm", "twin"], lines.Select(Column).Order(StringComparer.Ordinal));

        // Yes and no are the column itself: all of its entropy, which is nearly 1 bit.
        Assert.InRange(lines[0].GetProperty("mi_bits").GetDouble(), 0.98, 1.02);
        Assert.Equal(0.01, lines[0].GetProperty("p_value").GetDouble(), 12);
        Assert.Equal(0.07, lines[0].GetProperty("p_corrected").GetDouble(), 12);
        Assert.Equal((missing, Rows - missing), (lines[1].GetProperty("dropped").GetInt32(), lines[1].GetProperty("n").GetInt32()));

        // In two of three cases a value below 1 or above 1.5 tells which: 2/3 bits, and a third of the rows tell nothing.
        Assert.InRange(lines[1].GetProperty("mi_bits").GetDouble(), 0.55, 0.78);
        Assert.Equal("failed", lines.Single(line => Column(line) == "one").GetProperty("verdict").GetString());
        Assert.All(lines.Where(line => Column(line) is "city" or "code" or "noise" or "size, cm" or "id"), line =>
            Assert.InRange(line.GetProperty("mi_bits").GetDouble(), -0.1, 0.1));
        Assert.Contains("without column joined (line 2: column joined holds dates ('2024-01-01')", error);
        Assert.EndsWith("99 shuffles of 7 pairs can say no p_corrected below 0.07: --permutations 139 can say 0.05\n", error);

        (code, _, error) = Child.Run("mi", path, "--target", "weight");
        Assert.Equal(2, code);
        Assert.Contains("weight", error);

        // The date column is one of the file's, which nobody asked for here; numbers of codes are labels if they are said to be.
        string[] sides = ["--estimator", "grassberger", "--device", "reference", "--json"];
        (code, output, error) = Child.Run(["mi", path, "--x", "sick", "--y", "9", .. sides]);
        Assert.True(code == 0, error);
        Assert.Equal(output, Child.Run(["mi", path, "--x", "7", "--y", "code", .. sides]).Out);
        (code, output, error) = Child.Run(["mi", path, "--x", "0", "--y", "sick", "--discrete", "0,7", .. sides]);
        Assert.True(code == 1, error);
        Assert.Contains("id as ", output);

        static string Column(JsonElement line) => line.GetProperty("column").GetString()!;
    }
}
