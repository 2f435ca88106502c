using Emergence.Hub;

namespace Emergence.Tests.Hub;

public sealed class HubReferenceTests
{
    [Theory]
    [InlineData("gpt2", "gpt2", "main")]
    [InlineData("Qwen/Qwen3-32B", "Qwen/Qwen3-32B", "main")]
    [InlineData("org/a.b_c-d@refs/pr/1", "org/a.b_c-d", "refs/pr/1")]
    [InlineData("org/name@v1.0", "org/name", "v1.0")]
    public void A_reference_is_a_name_and_a_revision(string text, string name, string revision) =>
        Assert.Equal(new HubReference(name, revision), HubReference.TryParse(text));

    [Theory]
    [InlineData("")]
    [InlineData("a/b/c")]
    [InlineData("../x")]
    [InlineData("org/..")]
    [InlineData("org/a--b")]
    [InlineData("org/-a")]
    [InlineData("org/a.")]
    [InlineData("org/a.git")]
    [InlineData("org/a@")]
    [InlineData("org/a@../x")]
    [InlineData("org/a@/x")]
    [InlineData("org/a@x//y")]
    [InlineData("org/a b")]
    [InlineData("org/a\n")]
    public void Anything_else_is_none(string text) => Assert.Null(HubReference.TryParse(text));

    [Theory]
    [InlineData("config.json", true)]
    [InlineData("a/b.json", true)]
    [InlineData("../a", false)]
    [InlineData("/a", false)]
    [InlineData("a//b", false)]
    [InlineData("a/./b", false)]
    [InlineData("a\\b", false)]
    [InlineData("C:b", false)]
    [InlineData("a/NUL.txt", false)]
    [InlineData("a\u0000b", false)]
    public void A_path_stays_inside_its_snapshot(string path, bool isSafe) => Assert.Equal(isSafe, HubListing.IsSafe(path));

    [Theory]
    [InlineData("HF_HUB_CACHE=~/x", "/home/me/x")]
    [InlineData("HUGGINGFACE_HUB_CACHE=/y", "/y")]
    [InlineData("HF_HUB_CACHE=$DATA/${SUB}/hub", "/data/s/hub")]
    [InlineData("HF_HOME=$UNSET/x", "$UNSET/x/hub")]
    [InlineData("HF_HUB_CACHE= HF_HOME=/h", "/h/hub")]
    [InlineData("XDG_CACHE_HOME=/c", "/c/huggingface/hub")]
    [InlineData("", "/home/me/.cache/huggingface/hub")]
    public void The_cache_lies_where_other_programs_keep_it(string variables, string expected) =>
        Assert.Equal(expected, Settings(variables).Cache);

    [Theory]
    [InlineData("HF_HUB_OFFLINE=1", true)]
    [InlineData("HF_HUB_OFFLINE=Yes", true)]
    [InlineData("HF_HUB_OFFLINE=y", false)]
    [InlineData("HF_HUB_OFFLINE=0 TRANSFORMERS_OFFLINE=1", false)]
    [InlineData("TRANSFORMERS_OFFLINE=ON", true)]
    public void Offline_is_said_as_the_client_reads_it(string variables, bool expected) =>
        Assert.Equal(expected, Settings(variables).IsOffline);

    [Fact]
    public void A_variable_that_cannot_be_right_is_named()
    {
        Assert.Contains("HF_HUB_ETAG_TIMEOUT: expected whole seconds, found 'soon'",
            Assert.Throws<EmergenceException>(() => Settings("HF_HUB_ETAG_TIMEOUT=soon").AnswerTimeout).Message);
        Assert.Contains("HF_ENDPOINT", Assert.Throws<EmergenceException>(() => Settings("HF_ENDPOINT=nothing").Endpoint).Message);
        Assert.Contains("HF_TOKEN", Assert.Throws<EmergenceException>(() => Settings("HF_TOKEN=a\nb").Token()).Message);
    }

    private static HubSettings Settings(string variables)
    {
        var set = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        return new(name => name switch
        {
            "HOME" => "/home/me",
            "DATA" => "/data",
            "SUB" => "s",
            _ => set.GetValueOrDefault(name),
        });
    }
}
