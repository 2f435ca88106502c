using System.Text.Json;
using Emergence.Tests.Devices.Cuda;

namespace Emergence.Tests.Cli;

/// <summary>Several GPUs of one machine, as the emulator plays them.</summary>
public sealed class SeveralGpusTests
{
    private static readonly string[] s_words = ["the", "to", "and", "was"];

    private static readonly (string, string)[] s_two = [("EMERGENCE_EMULATOR_GPUS", "2")];

    private readonly string _folder = TestData.TemporaryFolder();

    [Fact]
    public void Each_is_listed_and_taken_by_its_number()
    {
        _ = EmulatorFixture.Kernels;
        var listed = JsonDocument.Parse(Child.Run(s_two, ["devices", "--json"]).Out).RootElement.EnumerateArray()
            .Select(row => row.GetProperty("device").GetString()!).Where(name => name.StartsWith("emulator", StringComparison.Ordinal));
        Assert.Equal(["emulator:0", "emulator:1"], listed);

        // A shard on each, against one process on the only one there is.
        File.WriteAllLines(Path.Combine(_folder, "words.txt"), s_words);
        string[] exact = ["measure", "--model", "stories260k", "--data", Path.Combine(_folder, "words.txt"), "--shots", "2", "--estimator",
            "exact", "--boundaries", "1,4", "--sigma", "none", "--out"];
        var (whole, run) = (Path.Combine(_folder, "whole"), Path.Combine(_folder, "run"));
        Assert.Equal(0, Child.Run([.. exact, whole, "--device", "emulator"]).Code);
        for (var number = 0; number < 2; number++)
        {
            var (code, _, error) = Child.Run(s_two, [.. exact, run, "--device", $"emulator:{number}", "--shard", $"{number + 1}/2"]);
            Assert.True(code == 0, error);
        }

        Assert.Equal(Child.Run("show", whole, "-o", "jsonl").Out, Child.Run("show", run, "-o", "jsonl").Out);
    }

    [Theory]
    [InlineData("emulator:9", "expected a GPU from 0 to 1, found number 9")]
    [InlineData("emulator:-1", "expected a number of 0 or more behind emulator:, found '-1'")]
    [InlineData("emulator:one", "expected a number of 0 or more behind emulator:, found 'one'")]
    [InlineData("cpu:1", "expected device cpu without a number, found 'cpu:1'")]
    public void A_number_that_is_not_there_is_refused(string device, string expected)
    {
        _ = EmulatorFixture.Kernels;

        var (code, output, error) = Child.Run(s_two, ["verify", "--device", device]);

        Assert.Equal((2, "", $"emergence: {expected}\n"), (code, output, error));
    }
}
