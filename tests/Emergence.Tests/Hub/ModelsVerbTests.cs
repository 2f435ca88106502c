using System.Text.Json;
using Emergence.Tests.Cli;

namespace Emergence.Tests.Hub;

/// <summary>The list of models in a cache.</summary>
public sealed class ModelsVerbTests
{
    [Fact]
    public void A_model_is_listed_with_the_memory_of_its_weights()
    {
        const string Commit = "0123456789012345678901234567890123456789";
        var cache = TestData.TemporaryFolder();
        var snapshot = Directory.CreateDirectory(Path.Combine(cache, "models--org--tiny", "snapshots", Commit)).FullName;
        TestData.CopyFiles(Path.Combine(TestData.Repository, "samples", "stories260k"), snapshot);
        var (code, output, error) = Child.Run([("HF_HUB_CACHE", cache)], ["models", "-o", "json"]);
        Assert.True(code == 0, error);
        using var json = JsonDocument.Parse(output);
        var row = json.RootElement[0];
        Assert.Equal(("org/tiny", "yes"), (row.GetProperty("model").GetString(), row.GetProperty("measurable").GetString()));

        // A block of 64 with 172 inside: queries and output 64 x 64, keys and values 32 x 64, three of 172 x 64, two norms. One block is
        // there while the next is read; the norms of one stand beside as they are computed with, and the last norm.
        const int Norms = 4 * 2 * 64, Block = (4 * ((2 * 64 * 64) + (2 * 32 * 64) + (3 * 172 * 64))) + Norms;
        Assert.Equal(4 * 260_032, row.GetProperty("resident_bytes").GetDouble());
        Assert.Equal((2 * Block) + Norms + (4 * 64), row.GetProperty("streamed_bytes").GetDouble());
    }
}
