using System.Globalization;
using System.Text.Json.Nodes;
using Emergence.Reports;
using Emergence.Tests.Files;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Emergence.Tests.Reports;

/// <summary>Files for schedulers, read as their readers do: a library's YAML against a schema made from the public API reference.</summary>
public sealed class JobFileTests
{
    /// <summary>Words that YAML would take for something else, or would not take at all, if they were not quoted.</summary>
    private static readonly string[] s_command =
        ["emergence", "measure", "--model", "/runs/my model", "--data", "yes", "--seeds", "007", "--out", "a: #b \"c\" \\ é {d} 鳥 🐦\t'"];

    public static TheoryData<int, bool> Tasks => new() { { 1, false }, { 32, false }, { 96, true } };

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Kubernetes_takes_the_file(int shards, bool hasGpu)
    {
        var file = JobFile.Kubernetes(s_command, new(shards, 4, 3L << 30, 100, hasGpu));
        var job = Read(file);

        // Half of a character is refused by stricter readers than this one.
        Assert.Contains("🐦", file, StringComparison.Ordinal);
        Assert.Empty(Schema.Faults(job));
        var (spec, container) = (job["spec"]!, job["spec"]!["template"]!["spec"]!["containers"]![0]!);
        Assert.Equal([.. s_command.Skip(1), "--shard", "auto"], container["args"]!.AsArray().Select(word => (string)word!));
        Assert.Equal(($"{shards}", $"{shards}"), ($"{spec["completions"]}", $"{spec["parallelism"]}"));
        Assert.Equal($"{shards}", (string)container["env"]![0]!["value"]!);
        Assert.Equal(hasGpu ? "1" : null, (string?)container["resources"]!["limits"]!["nvidia.com/gpu"]);

        // What the schema cannot say: names that must be those of something else.
        Assert.Equal((string)container["name"]!, (string)spec["podFailurePolicy"]!["rules"]![0]!["onExitCodes"]!["containerName"]!);
        Assert.Equal((string)container["volumeMounts"]![0]!["name"]!,
            (string)spec["template"]!["spec"]!["volumes"]![0]!["name"]!);
    }

    /// <summary>The schema is no rubber stamp: each of these is what a hand would get wrong.</summary>
    [Theory]
    [InlineData("completions: 2", "completions: \"2\"", "$.spec.completions")]
    [InlineData("value: \"2\"", "value: 2", "$.spec.template.spec.containers[0].env[0].value")]
    [InlineData("completionMode: Indexed", "completionMode: indexed", "$.spec.completionMode")]
    [InlineData("restartPolicy: Never", "restartPolicy: Always", "$.spec.template.spec.restartPolicy")]
    [InlineData("values: [2]", "values: [0]", "$.spec.podFailurePolicy.rules[0].onExitCodes.values[0]")]
    [InlineData("backoffLimit:", "backofflimit:", "$.spec")]
    [InlineData("status: \"True\"", "status: True", "$.spec.podFailurePolicy.rules[1].onPodConditions[0].status")]
    [InlineData("Mi\n", "MB\n", "$.spec.template.spec.containers[0].resources")]
    [InlineData("  name: emergence", "  name: Emergence", "$.metadata.name")]
    public void What_kubernetes_would_refuse_the_schema_refuses(string right, string wrong, string where)
    {
        var file = JobFile.Kubernetes(["emergence", "measure"], new(2, 1, 1 << 20, 100, false));
        Assert.Contains(right, file);

        Assert.Contains(Schema.Faults(Read(file.Replace(right, wrong))), fault => fault.StartsWith(where, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Slurm_gives_a_gpu_to_a_task_that_needs_one(bool hasGpu)
    {
        var lines = JobFile.Slurm(["emergence", "measure"], new(8, 4, 1 << 30, 3000, hasGpu)).Split('\n');

        Assert.Equal(hasGpu ? 1 : 0, lines.Count(line => line == "#SBATCH --gpus-per-task=1"));
        foreach (var line in new[] { "--array=1-8", "--ntasks=1", "--cpus-per-task=4", "--mem=2049M", "--time=102" })
            Assert.Contains($"#SBATCH {line}", lines);
    }

    /// <summary>The image that the job names is built from files that are there, and starts a program that is built.</summary>
    [Fact]
    public void The_image_is_built_from_what_is_there()
    {
        var lines = File.ReadAllLines(Path.Combine(TestData.Repository, "docs", "Dockerfile"));

        var publish = lines.Single(line => line.StartsWith("RUN dotnet publish ", StringComparison.Ordinal)).Split(' ');
        Assert.True(Directory.Exists(Path.Combine(TestData.Repository, publish[3])), publish[3]);
        var output = publish[Array.IndexOf(publish, "-o") + 1];
        Assert.Contains($"COPY --from=build {output} {output}", lines);
        var entry = JsonNode.Parse(lines.Single(line => line.StartsWith("ENTRYPOINT ", StringComparison.Ordinal))["ENTRYPOINT ".Length..])!;
        Assert.Equal(["dotnet", $"{output}/Emergence.Cli.dll"], entry.AsArray().Select(word => (string)word!));
        Assert.Contains("image: emergence:latest", JobFile.Kubernetes(["emergence"], new(1, 1, 1, 1, false)));
        Assert.Contains("# docker build -t emergence -f docs/Dockerfile .", lines);
    }

    private static JsonSchema Schema { get; } = JsonSchema.Read(TestData.Golden("kubernetes/indexed-job.schema.json"));

    private static JsonNode Read(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return Json(Assert.Single(stream.Documents).RootNode);
    }

    /// <summary>As Kubernetes reads it: whole numbers and truth are what is not quoted and looks like them.</summary>
    private static JsonNode Json(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(member =>
            KeyValuePair.Create(((YamlScalarNode)member.Key).Value!, (JsonNode?)Json(member.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Json)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "True" } => JsonValue.Create(true),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "false" or "False" } => JsonValue.Create(false),
        YamlScalarNode { Style: ScalarStyle.Plain } plain
            when long.TryParse(plain.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) =>
            JsonValue.Create(number),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value)!,
        _ => throw new NotSupportedException($"{node.NodeType} in the file of a job"),
    };
}
