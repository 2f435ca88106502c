using System.Text.Json;
using Emergence.Tests.Cli;

namespace Emergence.Tests.Information;

/// <summary>
/// A toy of a language model, 25 entities that never occur twice in a sequence: the command that docs/results holds the
/// large table of, at a size of its own. The exact values are those of counting, 4.64 bits and about 9 bits.
/// </summary>
public sealed class ToyModelTests
{
    [Fact]
    public void The_published_protocol_reads_too_much_and_s_mine_does_not()
    {
        var (code, output, error) =
            Child.Run("calibrate", "--toy", "--samples", "2000", "--critic", "64-32-16-1", "--steps", "1500", "--device", "cpu", "--json");
        Assert.True(code == 0, error);
        var rows = JsonDocument.Parse(output).RootElement.EnumerateArray().ToList();
        Assert.Equal(["1 paper", "1 s-mine", "2 paper", "2 s-mine", "4 paper", "4 s-mine"],
            rows.Select(row => $"{row.GetProperty("words")} {row.GetProperty("estimator")}"));
        double Of(int row, string name) => rows[row].GetProperty(name).GetDouble();

        // A sample reads a little less than its source: 599 / 2N nats at two words, 13,800 sequences are too many for 2,000.
        Assert.InRange(Of(1, "exact_bits"), 4.6, Math.Log2(25));
        Assert.InRange(Of(3, "exact_bits"), 8.9, Math.Log2(600));
        Assert.InRange(Of(5, "exact_bits"), 10.9, Math.Log2(2_000));
        foreach (var row in new[] { 1, 3 })
        {
            Assert.InRange(Of(row, "mi_minus_exact_bits"), -0.02, 1e-4);
            Assert.Equal("ok", rows[row].GetProperty("verdict").GetString());
        }

        foreach (var row in new[] { 1, 3, 5 })
        {
            Assert.Equal(0, Of(row, "steps_above_exact"));
            Assert.True(Of(row - 1, "mi_minus_exact_bits") > 0.05, rows[row - 1].GetRawText());
            Assert.Equal("unreliable", rows[row - 1].GetProperty("verdict").GetString());
        }

        // At four words hardly a sequence comes twice, and what s-mine leaves is little more than which of them do.
        Assert.InRange(Of(5, "support_bits"), Of(5, "exact_bits") - 0.02, Of(5, "exact_bits") - 1e-4);
        Assert.InRange(Of(5, "mi_bits"), Of(5, "support_bits") - 0.02, Of(5, "exact_bits"));
        Assert.InRange(Of(0, "mu"), 70, 90); // 2,000 / 25, a little more for an uneven draw
        Assert.InRange(Of(2, "mu"), 3.3, 5);
        Assert.True(Of(2, "mi_minus_exact_bits") > 0.5, "a shuffle without any coincidence is not bounded");
        Assert.True(Of(4, "mi_bits") > Of(4, "log2_n"), "no sample of N rows holds more than log2 N bits");
    }

    [Theory]
    [InlineData("64-32")]
    [InlineData("64-x-1")]
    [InlineData("1")]
    public void A_critic_ends_in_one_output(string critic)
    {
        var (code, _, error) = Child.Run("calibrate", "--toy", "--critic", critic, "--device", "reference");
        Assert.Equal(2, code);
        Assert.Contains("expected widths that end in 1", error);
    }
}
