using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Emergence.Tests.Hub;

/// <summary>The server that plays the hub, its CDN and a foreign host on the loopback interface; needs python3 and the test data.</summary>
public sealed class HubServer : IDisposable
{
    private readonly Process? _process;
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private readonly string _root = TestData.TemporaryFolder();

    public HubServer()
    {
        const string Python = "/usr/bin/python3";
        if (!File.Exists(Python) || TestData.LargeOrNull("hub/hub_mock.py") is not { } script)
            return;

        Repository("org/model", "stories260k");
        Repository("org/private", "stories260k", """{"refs": {"main": "1"}, "private": true}""");
        Repository("org/gated", "stories260k", """{"refs": {"main": "1"}, "gated": "manual"}""");
        Sharded();
        Pickle();
        _process = Process.Start(
            new ProcessStartInfo(Python, [script, _root, "--until-stdin-closes", "--token", "reader", "--gated-token", "member"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        });
        var addresses = JsonNode.Parse(_process!.StandardOutput.ReadLine()!)!;
        Hub = (string)addresses["hub"]!;
    }

    /// <summary>Address of the hub, without a final slash; null where there is no server.</summary>
    public string? Hub { get; }

    /// <summary>Skips the test where there is no server; else clears faults and log.</summary>
    public void Require()
    {
        if (Hub == null)
            Assert.Skip("needs python3 and the hub server of the test data");
        Faults("{}");
        _client.DeleteAsync(new Uri(Hub + "/_mock/log")).GetAwaiter().GetResult().EnsureSuccessStatusCode();
    }

    public void Faults(string json) =>
        _client.PostAsync(new Uri(Hub + "/_mock/faults"), new StringContent(json)).GetAwaiter().GetResult().EnsureSuccessStatusCode();

    public IReadOnlyList<JsonElement> Log() =>
        [.. _client.GetStringAsync(new Uri(Hub + "/_mock/log")).GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)];

    public string Leaks() => _client.GetStringAsync(new Uri(Hub + "/_mock/auth-leaks")).GetAwaiter().GetResult().Trim();

    public void Dispose()
    {
        _process?.StandardInput.Close();
        _process?.WaitForExit(5_000);
        _process?.Dispose();
        _client.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private string Repository(string name, string sample, string? settings = null)
    {
        var folder = Path.Combine(_root, name);
        var files = settings == null ? folder : Path.Combine(folder, "commits", "1");
        Directory.CreateDirectory(files);
        if (settings != null)
            File.WriteAllText(Path.Combine(folder, "repo.json"), settings);
        var source = Path.Combine(TestData.Repository, "samples", sample);
        foreach (var file in new[] { "config.json", "tokenizer.json", "model.safetensors" })
            File.Copy(Path.Combine(source, file), Path.Combine(files, file));
        File.WriteAllText(Path.Combine(files, "README.md"), "not needed");
        File.WriteAllText(Path.Combine(files, "pytorch_model.bin"), "not needed");
        return files;
    }

    private void Sharded()
    {
        var files = Repository("org/sharded", "stories260k");
        File.Move(Path.Combine(files, "model.safetensors"), Path.Combine(files, "model-00001-of-00001.safetensors"));
        File.WriteAllText(Path.Combine(files, "other.safetensors"), "not needed");
        File.WriteAllText(Path.Combine(files, "model.safetensors.index.json"),
            """{"weight_map": {"a": "model-00001-of-00001.safetensors"}}""");
        Directory.CreateDirectory(Path.Combine(files, "onnx"));
        File.WriteAllText(Path.Combine(files, "onnx", "model.onnx"), "not needed");
    }

    private void Pickle()
    {
        var files = Repository("org/pickle", "stories260k");
        File.Delete(Path.Combine(files, "model.safetensors"));
    }
}
