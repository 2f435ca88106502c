using System.Globalization;
using System.Security.Cryptography;
using Emergence.Tests.Cli;

namespace Emergence.Tests.Hub;

/// <summary>The program is killed while it downloads; EMERGENCE_TEST_KILLS=50 kills more often.</summary>
public sealed class DownloadKillTests(HubServer server) : IClassFixture<HubServer>
{
    private readonly string _cache = Path.Combine(TestData.TemporaryFolder(), "hub");

    [Fact]
    public void Killed_at_random_moments_a_download_ends_with_good_files()
    {
        server.Require();
        server.Faults("""{"slow": 600000}""");
        var random = new Random(8);
        var kills = int.Parse(Environment.GetEnvironmentVariable("EMERGENCE_TEST_KILLS") ?? "5", CultureInfo.InvariantCulture);
        for (var kill = 0; kill < kills; kill++)
        {
            using var process = Child.Start(Settings, ["download", "org/model"]);
            process.WaitForExit(TimeSpan.FromSeconds(0.2 + 2.5 * random.NextDouble()));
            process.Kill();
            process.WaitForExit();
            RequireWhole();
        }

        server.Faults("{}");
        using var last = Child.Start(Settings, ["download", "org/model"]);
        var (code, _, error) = Child.Finish(last);
        Assert.True(code == 0, error);
        var names = RequireWhole();
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], names);
    }

    private (string Name, string Value)[] Settings =>
        [("HF_ENDPOINT", server.Hub!), ("HF_HUB_CACHE", _cache), ("HF_TOKEN", ""), ("HF_HUB_OFFLINE", "0")];

    /// <summary>Whatever has its name is whole.</summary>
    private string[] RequireWhole()
    {
        var snapshots = Path.Combine(_cache, "models--org--model", "snapshots");
        var files = Directory.Exists(snapshots) ? Directory.GetFiles(snapshots, "*", SearchOption.AllDirectories) : [];
        foreach (var file in files)
        {
            var sample = Path.Combine(TestData.Repository, "samples", "stories260k", Path.GetFileName(file));
            Assert.Equal(SHA256.HashData(File.ReadAllBytes(sample)), SHA256.HashData(File.ReadAllBytes(file)));
        }

        return [.. files.Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];
    }
}
