using Emergence.Tables;

namespace Emergence.Studies;

/// <summary>Table 2 of the paper: IE by token of texts by origin, in bits; origin + model that estimates.</summary>
internal static class PublishedTexts
{
    private static readonly (string Origin, double[] Bits)[] Rows =
    [
        ("Human + GPT2-XL", [10.9, 16.9, 18.6, 19.5, 19.5, 19.7, 19.6, 19.5, 19.4]),
        ("Human + Gemma", [9.5, 16.8, 22.4, 24.3, 24.0, 25.3, 24.6, 25.0, 25.9]),
        ("GPT4 + GPT2-XL", [11.3, 18.8, 23.5, 27.2, 34.5, 37.2, 39.2, 39.5, 39.2]),
        ("GPT4 + Gemma", [12.1, 20.5, 25.1, 31.6, 36.3, 39.9, 40.4, 39.5, 40.6]),
        ("Claude3-opus + GPT2-XL", [12.6, 21.8, 26.6, 29.5, 36.8, 39.8, 42.6, 45.2, 45.3]),
        ("Claude3-sonnet + GPT2-XL", [11.4, 17.4, 24.8, 28.5, 32.5, 36.5, 36.1, 36.2, 36.2]),
        ("Llama3-70B + GPT2-XL", [11.2, 18.1, 23.6, 24.5, 28.5, 32.6, 36.5, 36.8, 36.6]),
    ];

    public static Table Table()
    {
        var table = new Table([TableColumn.Text("origin"), .. Enumerable.Range(0, Rows[0].Bits.Length)
            .Select(t => TableColumn.Number($"token_{t}", 1))]);
        foreach (var (origin, bits) in Rows)
            table.Add([origin, .. bits.Select(value => (TableCell)value)]);
        return table;
    }
}
