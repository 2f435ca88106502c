using System.Diagnostics;
using System.Security.Cryptography;
using Emergence.Hub;

namespace Emergence.Tests.Hub;

/// <summary>Downloads through real sockets from a server that plays the hub with its faults.</summary>
public sealed class ModelDownloadTests(HubServer server) : IClassFixture<HubServer>, IDisposable
{
    private const string Weights = "model.safetensors";
    private readonly string _cache = Path.Combine(TestData.TemporaryFolder(), "hub");
    private readonly List<string> _said = [];

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_cache)!, recursive: true);

    [Fact]
    public void A_model_is_fetched_without_what_a_measurement_does_not_read()
    {
        server.Require();
        var folder = Fetch("org/model")!;

        Assert.Equal(["config.json", Weights, "tokenizer.json"], Names(folder));
        RequireSameBytes(folder);
        Assert.StartsWith("../../blobs/", new FileInfo(Path.Combine(folder, Weights)).LinkTarget, StringComparison.Ordinal);
        Assert.Equal(Path.GetFileName(folder), File.ReadAllText(Path.Combine(_cache, "models--org--model", "refs", "main")));
        Assert.Equal(191, new FileInfo(Path.Combine(_cache, "CACHEDIR.TAG")).Length);
        Assert.Empty(Directory.GetFiles(_cache, "*.incomplete", SearchOption.AllDirectories));

        // Revision, listing, and one request a file, redirects aside.
        Assert.Equal(5, server.Log().Count(entry => entry.GetProperty("at").GetString() == "hub" && !entry.GetProperty("path")
            .GetString()!.Contains("resolve-cache")));
    }

    [Fact]
    public void A_complete_model_costs_the_request_for_its_revision_alone()
    {
        server.Require();
        var folder = Fetch("org/model");
        server.Require();

        Assert.Equal(folder, Fetch("org/model"));
        Assert.Single(server.Log());
        Assert.Equal(folder, Fetch($"org/model@{Path.GetFileName(folder)}"));
        Assert.Single(server.Log());
    }

    [Fact]
    public void Shards_are_those_of_the_index()
    {
        server.Require();
        var folder = Fetch("org/sharded")!;

        Assert.Equal(["config.json", "model-00001-of-00001.safetensors", "model.safetensors.index.json", "tokenizer.json"], Names(folder));
    }

    [Fact]
    public void A_dry_run_says_what_it_would_fetch_and_fetches_nothing()
    {
        server.Require();
        DownloadPlan? plan = null;
        var folder = Run("org/model", found =>
        {
            plan = found;
            return false;
        });

        Assert.Null(folder);
        Assert.Equal(3, plan!.Missing.Count);
        Assert.Equal(new FileInfo(Sample(Weights)).Length, plan.Missing.Single(file => file.Path == Weights).Size);
        Assert.False(Directory.Exists(_cache));
    }

    [Theory]
    [InlineData("""{"drop_after": 300000, "times": 2}""")]
    [InlineData("""{"drop_after": 300000, "reset": true, "times": 2}""")]
    [InlineData("""{"short": 1000, "times": 1}""")]
    [InlineData("""{"status": 503, "times": 2}""")]
    [InlineData("""{"status": 503, "on": "cdn", "times": 3}""")]
    [InlineData("""{"status": 429, "retry_after": 0, "times": 2}""")]
    [InlineData("""{"bad_bytes": true, "times": 1}""")]
    [InlineData("""{"cdn_expired": true, "times": 2}""")]
    [InlineData("""{"stall_after": 1000, "stall_for": 30, "times": 1}""")]
    [InlineData("""{"delay": 30, "times": 1, "on": "api"}""")]
    [InlineData("""{"xet": true}""")]
    [InlineData("""{"evil_path": true}""")]
    [InlineData("""{"page_size": 1}""")]
    public void A_fault_that_passes_is_got_over(string faults)
    {
        server.Require();
        server.Faults(faults);
        var folder = Fetch("org/model")!;

        RequireSameBytes(folder);
        Assert.Equal("[]", Leaks());
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(_cache)!, "evil*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("""{"bad_bytes": true}""", 1, "arrived twice with")]
    [InlineData("""{"html": true}""", 1, "HTML page")]
    [InlineData("""{"redirect_loop": true}""", 1, "redirects more than 10 times")]
    [InlineData("""{"omit": ["X-Repo-Commit"]}""", 1, "does not answer like a hub")]
    [InlineData("""{"huge_json": 40, "on": "api"}""", 1, "is over")]
    [InlineData("""{"status": 503}""", 75, "times in a row: try again")]
    [InlineData("""{"status": 429, "retry_after": 4000}""", 75, "try again in 4000 s")]
    [InlineData("""{"cdn_expired": true}""", 75, "try again later")]
    public void A_fault_that_stays_is_named_in_one_line(string faults, int code, string expected)
    {
        server.Require();
        server.Faults(faults);
        var error = Assert.Throws<EmergenceException>(() => Fetch("org/model"));

        Assert.Contains(expected, error.Message);
        Assert.StartsWith("org/model", error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(code, (int)error.ExitCode);
        Assert.False(File.Exists(Path.Combine(_cache, "models--org--model", "refs", "main")));
    }

    [Theory]
    [InlineData("org/nothing", null, "not found, or private: check the name")]
    [InlineData("org/nothing", "reader", "not found, or this token may not read it")]
    [InlineData("org/private", null, "if it is private set HF_TOKEN")]
    [InlineData("org/model", "wrong", "the token in HF_TOKEN is not accepted: renew it, or unset it")]
    [InlineData("org/gated", null, "gated: log in, accept the conditions on the model's page, set HF_TOKEN")]
    [InlineData("org/gated", "reader", "gated: this token's account has no access yet: ask for it on the model's page")]
    [InlineData("org/model@nowhere", null, "no revision 'nowhere'")]
    [InlineData("org/pickle", null, "only pytorch_model.bin, a pickle: refused, it can run code")]
    public void A_refusal_says_what_to_do(string model, string? token, string expected)
    {
        server.Require();
        var error = Assert.Throws<EmergenceException>(() => Fetch(model, token));

        Assert.Contains(expected, error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        if (token != null)
            Assert.DoesNotContain(token, error.Message);
    }

    [Fact]
    public void A_token_opens_what_is_private_and_reaches_the_hub_alone()
    {
        server.Require();
        RequireSameBytes(Fetch("org/private", "reader")!);
        RequireSameBytes(Fetch("org/gated", "member")!);
        server.Faults("""{"http_to_other_host": true}""");
        _ = Record.Exception(() => Fetch("org/model", "reader"));

        Assert.Equal("[]", Leaks());
        Assert.DoesNotContain(_said, line => line.Contains("reader"));
        foreach (var file in Directory.EnumerateFiles(_cache, "*", SearchOption.AllDirectories))
            Assert.DoesNotContain("Bearer", File.ReadAllText(file));
    }

    [Fact]
    public void An_interrupted_download_goes_on_where_it_ended()
    {
        server.Require();
        server.Faults("""{"drop_after": 400000}""");
        using var soon = new CancellationTokenSource();
        _ = Record.Exception(() => Run("org/model", _ => true, cancellation: soon.Token, advanced: bytes => StopAt(soon, bytes, 350_000)));
        var partial = Directory.GetFiles(_cache, "*.emergence.incomplete", SearchOption.AllDirectories)
            .MaxBy(path => new FileInfo(path).Length)!;
        var kept = new FileInfo(partial).Length;
        Assert.True(kept >= 350_000, $"{kept} bytes kept");

        server.Require();
        RequireSameBytes(Fetch("org/model")!);
        var ranges = server.Log().Where(entry => entry.GetProperty("headers").TryGetProperty("Range", out _)).ToList();
        Assert.Contains(ranges, entry => entry.GetProperty("headers").GetProperty("Range").GetString() == $"bytes={kept}-");
        Assert.False(File.Exists(partial));

        static void StopAt(CancellationTokenSource source, long bytes, long limit)
        {
            if (bytes >= limit)
                source.Cancel();
        }
    }

    [Fact]
    public void A_blob_of_the_wrong_size_is_fetched_anew()
    {
        server.Require();
        var folder = Fetch("org/model")!;
        var blob = new FileInfo(Path.Combine(folder, Weights)).ResolveLinkTarget(true)!.FullName;
        File.WriteAllBytes(blob, new byte[1_000]);
        File.Delete(Path.Combine(folder, "config.json"));

        RequireSameBytes(Fetch("org/model")!);
        Assert.Contains(_said, line => line.Contains("another size"));
    }

    [Fact]
    public void Another_process_that_holds_the_lock_is_waited_for()
    {
        server.Require();
        var folder = Fetch("org/model")!;
        var digest = Path.GetFileName(new FileInfo(Path.Combine(folder, Weights)).LinkTarget)!;
        File.Delete(Path.Combine(_cache, "models--org--model", "blobs", digest));
        File.Delete(Path.Combine(folder, Weights));
        var path = Path.Combine(_cache, ".locks", "models--org--model", digest + ".lock");
        var time = Stopwatch.StartNew();
        using var holder = Process.Start(new ProcessStartInfo("flock", [path, "sleep", "1.5"]))!;
        SpinWait.SpinUntil(() => IsHeld(path), TimeSpan.FromSeconds(5));

        RequireSameBytes(Fetch("org/model")!);
        Assert.True(holder.WaitForExit(10_000));
        Assert.True(time.Elapsed > TimeSpan.FromSeconds(1.4), $"{time.Elapsed}");

        static bool IsHeld(string path)
        {
            try
            {
                using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                return false;
            }
            catch (IOException)
            {
                return true;
            }
        }
    }

    [Fact]
    public void Two_downloads_at_once_both_end_well()
    {
        server.Require();
        server.Faults("""{"slow": 2000000}""");
        var folders = new string?[2];
        Parallel.For(0, 2, i => folders[i] = Fetch("org/model"));

        Assert.Equal(folders[0], folders[1]);
        RequireSameBytes(folders[0]!);
    }

    [Fact]
    public void Offline_takes_what_is_there_and_makes_no_connection()
    {
        server.Require();
        var missing = Assert.Throws<EmergenceException>(() => Fetch("org/model", offline: true));
        Assert.Contains("not in the cache", missing.Message);
        Assert.Equal(ExitCode.Usage, missing.ExitCode);
        var folder = Fetch("org/model")!;
        server.Require();

        Assert.Equal(folder, Fetch("org/model", offline: true));
        File.Delete(Path.Combine(folder, "tokenizer.json"));
        Assert.Contains("tokenizer.json is not in the cache",
            Assert.Throws<EmergenceException>(() => Fetch("org/model", offline: true)).Message);
        Assert.Empty(server.Log());
    }

    [Fact]
    public void A_hub_out_of_reach_leaves_what_the_cache_has()
    {
        server.Require();
        var folder = Fetch("org/model");
        var settings = Settings(null, false, "http://127.0.0.1:9");

        Assert.Equal(folder, Run("org/model", _ => true, settings));
        Assert.Contains(_said, line => line.Contains("taking commit"));
        var error = Assert.Throws<EmergenceException>(() => Run("org/private", _ => true, settings));
        Assert.Equal(ExitCode.TryAgain, error.ExitCode);
    }

    [Fact]
    public void A_cache_of_the_python_client_is_read()
    {
        server.Require();
        var archive = TestData.Large("hub/cache-real.tar");
        using (var tar = Process.Start(new ProcessStartInfo("tar", ["xf", archive, "-C", Path.GetDirectoryName(_cache)!]))!)
            tar.WaitForExit();

        foreach (var revision in new[] { "", "@v1", "@1f06c36c98442215336cfe0e90f8a59844435bcd" })
            Assert.Equal(4, Names(Fetch("mock/stories260k" + revision, offline: true)!).Length);
        Assert.Empty(server.Log());
    }

    private static string Sample(string name) => Path.Combine(TestData.Repository, "samples", "stories260k", name);

    private static string[] Names(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path))
            .Order(StringComparer.Ordinal)];

    private static void RequireSameBytes(string folder)
    {
        foreach (var name in new[] { "config.json", "tokenizer.json", Weights })
            Assert.Equal(SHA256.HashData(File.ReadAllBytes(Sample(name))), SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, name))));
    }

    private string Leaks() => server.Leaks() is { Length: > 0 } leaks ? leaks : "[]";

    private HubSettings Settings(string? token, bool offline, string? endpoint = null)
    {
        var set = new Dictionary<string, string?>
        {
            ["HF_ENDPOINT"] = endpoint ?? server.Hub,
            ["HF_HUB_CACHE"] = _cache,
            ["HF_TOKEN"] = token,
            ["HF_HUB_ETAG_TIMEOUT"] = "2",
            ["HF_HUB_DOWNLOAD_TIMEOUT"] = "2",
            ["HOME"] = Path.GetDirectoryName(_cache),
        };
        var settings = new HubSettings(name =>
            set.GetValueOrDefault(name)) { RetryUnit = TimeSpan.FromMilliseconds(10), IsOffline = offline };
        return settings;
    }

    private string? Fetch(string model, string? token = null, bool offline = false) => Run(model, _ => true, Settings(token, offline));

    private string? Run(
        string model, Func<DownloadPlan, bool> planned, HubSettings? settings = null, Action<long>? advanced = null,
            CancellationToken cancellation = default) =>
        new ModelDownload(HubReference.TryParse(model)!, settings ?? Settings(null, false), new Listener(_said, advanced))
            .Run(planned, cancellation).GetAwaiter().GetResult();

    private sealed class Listener(List<string> said, Action<long>? advanced) : DownloadProgress
    {
        private long _bytes;

        public override void Begin(DownloadPlan plan)
        {
        }

        public override void Advance(HubFile file, long bytes) => advanced?.Invoke(Interlocked.Add(ref _bytes, bytes));

        public override void Finish(HubFile file)
        {
        }

        public override void Say(string what)
        {
            lock (said)
                said.Add(what);
        }
    }
}
