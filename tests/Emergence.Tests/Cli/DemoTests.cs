using System.Text.Json.Nodes;

namespace Emergence.Tests.Cli;

public sealed class DemoTests
{
    private readonly string _run = Path.Combine(TestData.TemporaryFolder(), "run");

    /// <summary>The first command that a newcomer types works after every rebuild.</summary>
    [Fact]
    public void The_same_demo_twice()
    {
        Assert.Equal(0, Demo().Code);
        Assert.Contains("120 of 120 cells were finished before", Demo().Error);

        Edit(manifest => manifest["code"]!["build"] = "another");
        var (code, _, error) = Demo();

        Assert.True(code == 0, error);
        Assert.Contains("a demo of another build or device is there: it is replaced", error);
        Assert.DoesNotContain("finished before", error);
        Assert.Contains("120 of 120 cells were finished before", Demo().Error);
    }

    [Fact]
    public void Another_run_is_not_replaced_by_the_demo()
    {
        Assert.Equal(0, Child.Run("measure", "--model", "stories260k", "--data", "words", "--shots", "1", "--estimator", "exact",
            "--boundaries", "0", "--out", _run).Code);
        var journal = File.ReadAllText(Path.Combine(_run, "results.jsonl"));

        var (code, _, error) = Demo();

        Assert.Equal(2, code);
        Assert.Contains("use a new --out", error);
        Assert.Equal(journal, File.ReadAllText(Path.Combine(_run, "results.jsonl")));
    }

    private (int Code, string Out, string Error) Demo() => Child.Run("demo", "--out", _run);

    private void Edit(Action<JsonObject> change)
    {
        var path = Path.Combine(_run, "manifest.json");
        var manifest = (JsonObject)JsonNode.Parse(File.ReadAllText(path))!;
        change(manifest);
        File.WriteAllText(path, manifest.ToJsonString());
    }
}
