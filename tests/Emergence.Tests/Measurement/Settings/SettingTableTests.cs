using System.Text.Json;
using System.Text.Json.Nodes;
using Emergence.Measurement.Settings;

namespace Emergence.Tests.Measurement.Settings;

/// <summary>A setting is declared once: what its row writes, its row reads back.</summary>
public sealed class SettingTableTests
{
    /// <summary>Words for each row that differ from its default; a new row needs an entry.</summary>
    private static readonly Dictionary<string, string[]> Unusual = new()
    {
        ["model"] = ["a folder/it's mine"],
        ["data"] = ["words with spaces.txt"],
        ["shots"] = ["2"],
        ["window"] = ["16"],
        ["template"] = ["\"{1}\", says $HOME: {2:0=sad,1=happy},"],
        ["field-tokens"] = ["5"],
        ["sequences"] = ["77"],
        ["entity-tokens"] = ["2"],
        ["separator"] = [" and"],
        ["with-replacement"] = ["true"],
        ["bos"] = ["true"],
        ["boundaries"] = ["0,3-4"],
        ["positions"] = ["1-2"],
        ["estimator"] = ["exact"],
        ["sigma"] = ["0.5,3"],
        ["noise"] = ["normed"],
        ["preset"] = ["small"],
        ["seed"] = ["18446744073709551615"],
        ["seeds"] = ["1"],
        ["self-check"] = ["true"],
        ["device"] = ["reference"],
        ["threads"] = ["2"],
        ["nvrtc"] = ["/opt/lib nvrtc.so"],
        ["dtype"] = ["auto"],
        ["micro-position"] = ["own"],
        ["strict"] = ["true"],
        ["ignore-weights"] = ["a.*", "b?"],
        ["allow-nonfinite"] = ["true"],
        ["weights"] = ["streamed"],
        ["memory"] = ["1.5GiB"],
        ["scratch"] = ["a disk/of mine"],
    };

    private static readonly MeasurementSettings Plain = new() { Model = "stories260k", Data = "words" };

    public static TheoryData<string> Names => [.. SettingTable.Rows.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_setting_comes_back_from_its_command(string name)
    {
        var row = SettingTable.Rows.Single(row => row.Name == name);
        var asked = row.Read(Plain, Unusual[name]);

        var again = SettingTable.Read(Parse(SettingTable.Write(asked)), Plain with { Model = "", Data = "" });

        Assert.NotEqual(JsonSerializer.Serialize(Plain), JsonSerializer.Serialize(asked));
        Assert.Equal(JsonSerializer.Serialize(asked), JsonSerializer.Serialize(again));
    }

    [Fact]
    public void All_settings_come_back_together()
    {
        var asked = SettingTable.Rows.Aggregate(Plain, (settings, row) => row.Read(settings, Unusual[row.Name]));

        var again = SettingTable.Read(Parse(SettingTable.Write(asked)), Plain with { Model = "", Data = "" });

        Assert.Equal(JsonSerializer.Serialize(asked), JsonSerializer.Serialize(again));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_default_says_what_leaving_the_option_out_says(string name)
    {
        var row = SettingTable.Rows.Single(row => row.Name == name);
        if (row.Default is { } word)
            Assert.Equal(JsonSerializer.Serialize(Plain), JsonSerializer.Serialize(row.Read(Plain, [word])));
        if (!row.IsRequired)
            Assert.Empty(row.Write(Plain));
    }

    /// <summary>The manifest holds what a plan came to; the command made from it asks for a plan that comes to the same.</summary>
    [Fact]
    public void The_command_of_a_manifest_comes_to_that_manifest()
    {
        using var first = new MeasurementPlan(Plain with
        {
            Shots = 2,
            Boundaries = "4,0-1",
            Positions = "1-3",
            Estimator = "exact",
            Preset = "demo",
            Sequences = 50,
            Seed = 9,
            Seeds = 2,
            Device = "cpu",
            ModelOptions = new() { AllowNonFinite = true, IgnoreWeights = ["extra.*"] },
        });
        var settings = SettingTable.Record(first);
        var manifest = new JsonObject
        {
            ["settings"] = settings,
            ["model"] = new JsonObject { ["layers"] = first.Config.Layers },
            ["data"] = new JsonObject
            {
                ["labels"] = new JsonArray([.. first.Data.Labels.Select(label => (JsonNode)label)]),
                ["shot_length"] = first.Data.ShotLength,
            },
        };

        var words = SettingTable.Command(manifest).Split(" \\\n  ")[1..^1];
        using var second = new MeasurementPlan(SettingTable.Read(Parse(words), Plain with { Model = "", Data = "" }));

        Assert.Contains("--boundaries 0-1,4", words);
        Assert.Equal(settings.ToJsonString(), SettingTable.Record(second).ToJsonString());
    }

    [Theory]
    [InlineData("shots", "0", "--shots: expected a whole number from 1 to 2147483647, found '0'")]
    [InlineData("seed", "-1", "--seed: expected a whole number from 0 to 18446744073709551615, found '-1'")]
    [InlineData("threads", "two", "--threads: expected a whole number from 0 to 2147483647, found 'two'")]
    public void A_wrong_word_is_refused_with_what_was_expected(string name, string word, string message)
    {
        var row = SettingTable.Rows.Single(row => row.Name == name);

        Assert.Equal(message, Assert.Throws<EmergenceException>(() => row.Read(Plain, [word])).Message);
    }

    /// <summary>Phrases such as <c>--shots 3</c> as a shell hands them to the program.</summary>
    private static Dictionary<string, IReadOnlyList<string>> Parse(IEnumerable<string> phrases)
    {
        var given = new Dictionary<string, IReadOnlyList<string>>();
        foreach (var phrase in phrases)
        {
            var space = phrase.IndexOf(' ', StringComparison.Ordinal);
            var name = (space < 0 ? phrase : phrase[..space])[2..];
            var word = space < 0 ? "true" : Unquote(phrase[(space + 1)..]);
            given[name] = given.TryGetValue(name, out var before) ? [.. before, word] : [word];
        }

        return given;
    }

    private static string Unquote(string word) => word[0] == '\'' ? word[1..^1].Replace("'\\''", "'") : word;
}
