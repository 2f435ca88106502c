using System.Globalization;
using Emergence.Files.Safetensors;
using Emergence.Information.Exact;

namespace Emergence.Tests.Information;

/// <summary>A golden file of MINE on the support. Its classes are numbered by first appearance, ours by their bytes.</summary>
internal sealed class GoldenMine : IDisposable
{
    private readonly SafetensorsFile _file;

    public GoldenMine(string name)
    {
        _file = SafetensorsFile.Open(TestData.Golden($"mine/smine_{name}.safetensors"));
        X = Side("x");
        Y = Side("y");
        Joint = new(X, Y, isEnumeration: true);
        ClassX = Translate("class_x", X);
        ClassY = Translate("class_y", Y);
    }

    public static IEnumerable<TheoryDataRow<string>> Names => ["allpairs", "sampled", "colliding", "wide"];

    public RowClasses X { get; }

    public RowClasses Y { get; }

    public JointClasses Joint { get; }

    /// <summary>Our class of x for each golden class.</summary>
    public int[] ClassX { get; }

    public int[] ClassY { get; }

    public int[] Widths => [.. _file.Metadata["widths"].Split(',').Select(width => int.Parse(width, CultureInfo.InvariantCulture))];

    public int Steps => Doubles("info_bits").Length;

    /// <summary>All initial parameters in the order of the critic.</summary>
    public float[] Initial =>
        [.. Enumerable.Range(0, Widths.Length).SelectMany(layer => Singles($"init.{layer}.weight").Concat(Singles($"init.{layer}.bias")))];

    public double[] Doubles(string name) => _file.ReadDoubles(name);

    public float[] Singles(string name) => _file.ReadSingles(name);

    public int[] Integers(string name) => _file.ReadInt32(name);

    public void Dispose() => _file.Dispose();

    private RowClasses Side(string name)
    {
        var weights = Doubles("w");
        var rows = Singles(name);
        return new(rows, rows.Length / weights.Length, weights);
    }

    private int[] Translate(string name, RowClasses side)
    {
        var golden = Integers(name);
        var ours = new int[golden.Max() + 1];
        Array.Fill(ours, -1);
        for (var unit = 0; unit < golden.Length; unit++)
        {
            var own = side.ClassOfUnit[unit];
            Assert.True(ours[golden[unit]] == -1 || ours[golden[unit]] == own, $"{name}: unit {unit} is in another class");
            ours[golden[unit]] = own;
        }

        Assert.Equal(side.Count, ours.Distinct().Count());
        return ours;
    }
}
