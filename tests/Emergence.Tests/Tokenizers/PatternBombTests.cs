using Emergence.Tokenizers.Patterns;

namespace Emergence.Tests.Tokenizers;

/// <summary>Patterns that take other engines for ever; alone, since the time counted is that of the process.</summary>
[Collection(nameof(PatternBombTests))]
[CollectionDefinition(nameof(PatternBombTests), DisableParallelization = true)]
public sealed class PatternBombTests
{
    [Theory]
    [InlineData("(a+)+$")]
    [InlineData("(a|a)*$")]
    [InlineData("(a|aa)+$")]
    [InlineData("(a*)*b!c")]
    [InlineData("^(([a-z])+.)+[A-Z]([a-z])+$")]
    [InlineData(@"(\w+\s?)*$")]
    [InlineData("(.*)(.*)(.*)(.*)x")]
    [InlineData("(?=(a+)+$)b|a(?=a*c)")]
    [InlineData("(?<=(a+)+)b")]
    [InlineData("(?:(?>a*)b|a)*c")]
    [InlineData("(a{1,100}){1,100}$")]
    public void Patterns_made_to_explode_end_soon(string pattern)
    {
        var text = new string('a', 50_000) + "b!";
        var before = GC.GetAllocatedBytesForCurrentThread();
        var started = Environment.CpuUsage.UserTime;
        try
        {
            _ = RegularPattern.Parse(pattern).Matches(text).Count();
        }
        catch (EmergenceException error)
        {
            Assert.StartsWith($"pattern '{pattern}' takes more steps than", error.Message, StringComparison.Ordinal);
        }

        Assert.InRange((Environment.CpuUsage.UserTime - started).TotalSeconds, 0, 5);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100L << 20);
    }
}
