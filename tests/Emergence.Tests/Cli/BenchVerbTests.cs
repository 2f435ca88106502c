using System.Text.Json;

namespace Emergence.Tests.Cli;

public sealed class BenchVerbTests
{
    /// <summary>stories260k: 5 blocks of width 64, 8 heads over 4 key heads, 172 inner columns; 6 sequences of 3 tokens that share
    /// nothing.</summary>
    [Fact]
    public void The_forward_pass_of_a_model_is_a_row_for_each_shape()
    {
        var (code, output, error) =
            Child.Run("bench", "--device", "reference", "--model", "stories260k", "--shapes", "6x3,1x4", "--seconds", "0.01", "-o", "json");

        Assert.True(code == 0, error);
        using var json = JsonDocument.Parse(output);
        var rows = json.RootElement.GetProperty("rows").EnumerateArray().Where(row => row.GetProperty("kind").GetString() == "forward")
            .ToArray();
        Assert.Equal(["6x3 tokens, 5 layers of 64, 18 prefixes", "1x4 tokens, 5 layers of 64, 4 prefixes"],
            rows.Select(row => row.GetProperty("shape").GetString()));
        const double BlockWeights = 64 * (64 + 2 * 32) + 64 * 64 + 3 * 64 * 172;
        Assert.Equal(2 * 5 * BlockWeights * 18, rows[0].GetProperty("flops").GetDouble());
        Assert.All(rows, row => Assert.True(row.GetProperty("median_s").GetDouble() > 0));
    }

    [Fact]
    public void One_kind_of_step_can_be_chosen()
    {
        var (code, output, error) = Child.Run("bench", "--device", "reference", "--op", "s-mine", "--seconds", "0.001", "-o", "json");

        Assert.True(code == 0, error);
        using var json = JsonDocument.Parse(output);
        var ops = json.RootElement.GetProperty("rows").EnumerateArray().Where(row => row.GetProperty("kind").GetString() != "roof")
            .Select(row => row.GetProperty("op").GetString()!).ToArray();
        Assert.NotEmpty(ops);
        Assert.All(ops, op => Assert.StartsWith("s-mine ", op, StringComparison.Ordinal));
    }
}
