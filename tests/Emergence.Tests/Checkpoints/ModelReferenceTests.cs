using Emergence.Checkpoints;
using static Emergence.Tests.Checkpoints.Forge;

namespace Emergence.Tests.Checkpoints;

public sealed class ModelReferenceTests
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";
    private const string Older = "ffffffffffffffffffffffffffffffffffffffff";

    private readonly string _root = TestData.TemporaryFolder();

    [Theory]
    [InlineData("HF_HUB_CACHE=/own", "own")]
    [InlineData("HF_HOME=/hf", "hf/hub")]
    [InlineData("XDG_CACHE_HOME=/xdg", "xdg/huggingface/hub")]
    [InlineData("", "home/.cache/huggingface/hub")]
    [InlineData("HF_HUB_CACHE= HF_HOME= XDG_CACHE_HOME=", "home/.cache/huggingface/hub")]
    [InlineData("HF_HUB_CACHE=/own HF_HOME=/hf XDG_CACHE_HOME=/xdg", "own")]
    [InlineData("HF_HOME=/hf XDG_CACHE_HOME=/xdg", "hf/hub")]
    [InlineData("HF_HOME=~/x", "home/x/hub")]
    [InlineData("HUGGINGFACE_HUB_CACHE=/older", "older")]
    [InlineData("HF_HUB_CACHE=/own HUGGINGFACE_HUB_CACHE=/older", "own")]
    [InlineData("HF_HOME=$HOME/${PLACE} PLACE=there", "home/there/hub")]
    public void The_cache_is_where_other_programs_keep_it(string variables, string cache)
    {
        var snapshot = ForgeCache(cache);
        Assert.Equal(snapshot, Resolve("org/some-model.v1", variables));
        using var checkpoint = Checkpoint.Open(snapshot);
        Assert.Equal(["t"], checkpoint.Tensors.Keys);
    }

    [Fact]
    public void Revisions_are_branches_pull_requests_or_commits()
    {
        var snapshot = ForgeCache("own");
        var older = Path.Combine(Path.GetDirectoryName(snapshot)!, Older);
        Directory.CreateDirectory(older);
        Assert.Equal(snapshot, Resolve("org/some-model.v1@main"));
        Assert.Equal(older, Resolve($"org/some-model.v1@{Older}"));
        Assert.Equal(older, Resolve("org/some-model.v1@refs/pr/1"));
        Assert.Contains("no revision 'v2' in", Message(() => Resolve("org/some-model.v1@v2")));
        Assert.Equal(ExitCode.Usage, Assert.Throws<EmergenceException>(() => Resolve("org/some-model.v1@v2")).ExitCode);
        Assert.Equal(ExitCode.Usage,
            Assert.Throws<EmergenceException>(() => Resolve($"org/some-model.v1@{Older.Replace('f', 'e')}")).ExitCode);
        Assert.Contains("choose one of main, refs/pr/1, stale, torn, ", Message(() => Resolve("org/some-model.v1@v2")));
        var absent = Older.Replace('f', 'e');
        Assert.Contains($"no revision '{absent}' in", Message(() => Resolve($"org/some-model.v1@{absent}")));

        // A ref to a commit that is not here, and one that holds no commit.
        Assert.Contains("no revision 'stale' in", Message(() => Resolve("org/some-model.v1@stale")));
        Assert.Contains("no revision 'torn' in", Message(() => Resolve("org/some-model.v1@torn")));
    }

    [Fact]
    public void A_folder_wins_and_a_sample_is_found_by_its_name()
    {
        var folder = Path.Combine(_root, "a folder");
        Directory.CreateDirectory(folder);
        Assert.Equal(folder, Resolve(folder));
        Assert.Equal(Path.Combine(_root, "samples", "tiny"), Resolve("tiny"));
        Assert.True(Directory.Exists(ModelReference.Resolve("stories260k")));
    }

    [Fact]
    public void A_name_without_organisation_may_be_in_the_cache()
    {
        var snapshot = ForgeCache("own", "models--gpt2");
        Assert.Equal(snapshot, Resolve("gpt2"));
        var message = Message(() => Resolve("gpt3"));
        Assert.Contains($"'gpt3' is neither a folder nor in the Hugging Face cache {Path.Combine(_root, "own")}, nor a sample (tiny)",
            message);
    }

    [Theory]
    [InlineData("../models--org--x", "no such folder, and not of the form")]
    [InlineData("org/../../x", "no such folder, and not of the form")]
    [InlineData("a/b/c", "no such folder, and not of the form")]
    [InlineData("org/x@../../y", "no such folder, and not of the form")]
    [InlineData("org/x@", "no such folder, and not of the form")]
    [InlineData("/nowhere/x", "no such folder, and not of the form")]
    [InlineData("org/x\n", "'org/x\\u000a': no such folder")]
    [InlineData("", "the model reference is empty")]
    public void Anything_else_is_a_usage_error(string reference, string expected)
    {
        var error = Assert.Throws<EmergenceException>(() => Resolve(reference));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void A_file_is_not_a_model() => Assert.Contains("is not a folder: give the folder", Message(() => Resolve(Write([1]))));

    private string Resolve(string reference, string variables = "HF_HUB_CACHE=/own")
    {
        Directory.CreateDirectory(Path.Combine(_root, "samples", "tiny"));
        var set = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('='))
            .ToDictionary(pair => pair[0], pair => pair[1].StartsWith('/') ? _root + pair[1] : pair[1]);
        return ModelReference.Resolve(reference, name => name == "HOME" ? Path.Combine(_root, "home")
            : set.GetValueOrDefault(name), Path.Combine(_root, "samples"));
    }

    /// <summary>A cache as huggingface_hub lays it out: blobs by hash, snapshots of relative links, refs with a commit each.</summary>
    private string ForgeCache(string cache, string name = "models--org--some-model.v1")
    {
        var model = Path.Combine(_root, cache, name);
        var snapshot = Path.Combine(model, "snapshots", Commit);
        foreach (var folder in new[] { "blobs", "refs/refs/pr" })
            Directory.CreateDirectory(Path.Combine(model, folder));
        Directory.CreateDirectory(snapshot);
        File.WriteAllBytes(Path.Combine(model, "blobs", "abcd"), Singles("t", 1));
        File.CreateSymbolicLink(Path.Combine(snapshot, "model.safetensors"), "../../blobs/abcd");
        File.WriteAllText(Path.Combine(model, "refs", "main"), Commit);
        File.WriteAllText(Path.Combine(model, "refs", "stale"), Older.Replace('f', 'a'));
        File.WriteAllText(Path.Combine(model, "refs", "torn"), "../../..");
        File.WriteAllText(Path.Combine(model, "refs", "refs", "pr", "1"), Older + "\n");
        return snapshot;
    }
}
