using System.Text.Json;

namespace Emergence.Tests.Cli;

/// <summary>Files that once gave a wrong number without a word: each now gives the right one, or none and what to do.</summary>
public sealed class MiFaultTests
{
    [Fact]
    public void A_blank_line_within_a_column_is_a_missing_value_and_moves_no_row()
    {
        var (code, output, error) =
            Child.Run("mi", Case("sx2.csv"), Case("sy2.csv"), "--estimator", "exact", "--json", "--device", "reference");
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("line 2 has no value", error);
        var kept = One(Case("sx2.csv"), Case("sy2.csv"), "exact", "--drop-missing");
        Assert.Equal(1998, kept.GetProperty("n").GetInt32());
        Assert.Equal(1.137, Bits(kept), 0.002);
        Assert.Contains("2 rows without a value left out", kept.GetProperty("note").GetString());
        Assert.Equal(1.137, Bits(One(Case("x-plain.csv"), Case("y-plain.csv"), "exact")), 0.001);
    }

    [Fact]
    public void Ids_of_64_bits_stay_apart() => Assert.Equal(1.137, Bits(One(Case("ids-x.npy"), Case("ids-y.npy"), "exact")), 0.001);

    /// <summary>The same numbers with points and with commas.</summary>
    [Fact]
    public void Decimal_commas_are_not_two_columns()
    {
        var commas = One(Case("rx-comma.csv"), Case("ry-comma.csv"), "gaussian");
        Assert.Equal(Bits(One(Case("rx.csv"), Case("ry.csv"), "gaussian")), Bits(commas));
        Assert.Contains("decimal commas", commas.GetProperty("note").GetString());
    }

    [Fact]
    public void A_header_of_numbers_is_no_row()
    {
        var numbered = One(Case("gx-numheader.csv"), Case("gy-numheader.csv"), "gaussian");
        Assert.Equal(2000, numbered.GetProperty("n").GetInt32());
        Assert.Equal(Bits(One(Case("gx.csv"), Case("gy.csv"), "gaussian")), Bits(numbered));
        Assert.Contains("header 0,1", numbered.GetProperty("note").GetString());
    }

    [Fact]
    public void No_value_above_what_the_rows_can_tell_is_ok()
    {
        var outlier = One(Case("outlier-x.npy"), Case("outlier-y.npy"), "gaussian");
        Assert.Equal("unreliable", outlier.GetProperty("verdict").GetString());
        Assert.Contains("2000 rows tell no more than 10.97", outlier.GetProperty("note").GetString());
        Assert.InRange(outlier.GetProperty("hi").GetDouble(), 0, Math.Log2(2000));
    }

    private static string Case(string name) => Path.Combine(TestData.Large("cases/mi"), name);

    private static double Bits(JsonElement line) => line.GetProperty("mi_bits").GetDouble();

    private static JsonElement One(string x, string y, string estimator, params string[] options)
    {
        var (code, output, error) = Child.Run(["mi", x, y, "--estimator", estimator, "--json", "--device", "reference", .. options]);
        Assert.True(code == 0, error);
        return JsonDocument.Parse(output).RootElement;
    }
}
