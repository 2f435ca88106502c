using System.Net;
using System.Text.RegularExpressions;
using Emergence.Measurement.Results;
using Emergence.Reports;
using Emergence.Studies;
using Emergence.Tests.Cli;

namespace Emergence.Tests.Reports;

public sealed partial class PageLanguageTests
{
    public static TheoryData<string> Languages => [.. PageLanguage.Codes.Where(code => code != "en")];

    /// <summary>Runs of every kind that the words tell apart.</summary>
    private static IEnumerable<RunResults> Runs =>
    [
        SampleRun.Create(5, 2, 3), SampleRun.Create(5, 2, 3, failures: true), SampleRun.Create(5, 2, 3, failures: true, missing: 7),
        SampleRun.Create(2, 1, 1), SampleRun.Create(30, 3, 3), SampleRun.Create(2, 1, 1, estimator: "exact"),
        SampleRun.Create(5, 2, 2, estimator: "paper"), SampleRun.Create(5, 2, 2, estimator: "ksg"), SampleRun.Create(1, 4, 1),
        SampleRun.ThroughNoise(5, 2, 3, "isotropic", reach: 2, ofTokens: 2),
        SampleRun.ThroughNoise(3, 2, 2, "column", reach: 100, ofTokens: 1),
        SampleRun.ThroughNoise(1, 2, 2, "normed", reach: 0.01, ofTokens: 0.01), SampleRun.ThroughNoise(4, 1, 2, "isotropic", 1, 1),
    ];

    [Theory]
    [MemberData(nameof(Languages))]
    public void No_sentence_of_a_run_is_missing(string code)
    {
        foreach (var run in Runs)
        {
            var language = PageLanguage.Find(code);
            RunReport.Html(run, language);

            Assert.True(language.Missing.Count == 0, string.Join("\n", language.Missing));
        }
    }

    [Theory]
    [MemberData(nameof(Languages))]
    public void Figures_and_units_are_those_of_the_English_page(string code)
    {
        foreach (var run in Runs)
        {
            var (english, other) = (RunReport.Html(run), RunReport.Html(run, PageLanguage.Find(code)));

            Assert.Equal(Figures(english), Figures(other));
            Assert.Equal(Units(english), Units(other));
        }
    }

    [Theory]
    [MemberData(nameof(Languages))]
    public void A_page_says_its_language_and_keeps_names(string code)
    {
        var html = WebUtility.HtmlDecode(RunReport.Html(SampleRun.Create(5, 2, 3), PageLanguage.Find(code)));

        Assert.Contains($"<html lang=\"{code}\">", html);
        Assert.Contains("France", html); // a token of the model
        Assert.Contains("exact_minus_mi_bits", html); // a column, as the files have it
        Assert.DoesNotContain("Meaning emerges", html);
        Assert.DoesNotContain("mean over layers", html);
    }

    [Theory]
    [MemberData(nameof(Languages))]
    public void Every_key_has_its_own_holes(string code)
    {
        foreach (var (key, translation) in PageLanguage.Find(code).Entries)
        {
            var holes = HoleOfKey().Matches(key).Select(match => match.Groups[1].Value).Order().ToList();
            Assert.Equal(holes, HoleOfTranslation().Matches(translation).Select(match => match.Groups[1].Value).Order());
            Assert.NotEmpty(translation);
        }
    }

    [Fact]
    public void Words_of_the_field_are_the_usual_ones()
    {
        var html = WebUtility.HtmlDecode(RunReport.Html(SampleRun.Create(5, 2, 3), PageLanguage.Find("ja")));

        foreach (var word in (string[])["情報の創発", "相互情報量", "推定量", "信頼区間", "厳密値", "標本誤差"])
            Assert.Contains(word, html);
        Assert.Contains("最も大きな増加 +", html);
        Assert.Contains("例「", html);
    }

    [Theory]
    [MemberData(nameof(Languages))]
    public void The_page_of_compare_is_whole(string code)
    {
        var folder = Path.Combine(TestData.TemporaryFolder(), "study");
        var other = Path.Combine(TestData.TemporaryFolder(), "other");
        TestData.CopyFiles(Path.Combine(TestData.Repository, "samples", "stories260k"), other);
        var language = PageLanguage.Find(code);
        var settings = new StudySettings
        {
            Models = ["stories260k", other],
            Device = "cpu",
            Language = language,
            Values = new Dictionary<string, IReadOnlyList<string>>
            {
                ["data"] = ["words"], ["shots"] = ["1"], ["estimator"] = ["exact"], ["seeds"] = ["1"],
            },
        };
        using (var context = new StudyContext(new CompareStudy(), settings, folder, new StudyProgress(), CancellationToken.None))
            context.Run();

        Assert.True(language.Missing.Count == 0, string.Join("\n", language.Missing));
        Assert.Contains($"<html lang=\"{code}\">", File.ReadAllText(Path.Combine(folder, "report.html")));
        Assert.Contains($"<html lang=\"{code}\">", File.ReadAllText(Path.Combine(folder, "runs", "stories260k", "report.html")));
    }

    /// <summary>What users type is the same in every language, wherever it stands.</summary>
    [Theory]
    [MemberData(nameof(Languages))]
    public void Names_of_estimators_stay(string code)
    {
        var run = SampleRun.Create(2, 1, 1, estimator: "exact");
        var pages = new[] { RunReport.Html(run), RunReport.Html(run, PageLanguage.Find(code)) };
        var cells = pages.Select(page => page.Split("<td>exact</td>").Length - 1).ToList();
        Assert.Equal(2 * 2 * 2 + 1, cells[0]); // all cells, and the setting
        Assert.Equal(cells[0], cells[1]);
    }

    [Fact]
    public void The_ends_of_the_noise_read_are_named()
    {
        var beyond = RunReport.Html(SampleRun.ThroughNoise(3, 2, 2, "column", reach: 100, ofTokens: 1));
        Assert.Contains("sigma beyond 8<", beyond, StringComparison.Ordinal);
        var below = RunReport.Html(SampleRun.ThroughNoise(1, 2, 2, "normed", reach: 0.01, ofTokens: 0.01));
        Assert.Contains("sigma below 0.25<", below, StringComparison.Ordinal);
        var japanese = WebUtility.HtmlDecode(
            RunReport.Html(SampleRun.ThroughNoise(3, 2, 2, "column", reach: 100, ofTokens: 1), PageLanguage.Find("ja")));
        Assert.Contains("sigma 8 超<", japanese, StringComparison.Ordinal);
    }

    [Fact]
    public void A_language_that_is_not_there_is_refused()
    {
        var (code, _, error) = Child.Run(["report", TestData.TemporaryFolder(), "--language", "xx"]);

        Assert.Equal(2, code);
        Assert.Contains("--language xx: expected en or ja", error);
    }

    /// <summary>Numbers of the text, as often as they are there, in no order.</summary>
    private static List<string> Figures(string html) =>
        [.. Number().Matches(Text(html)).Select(match => match.Value).Order(StringComparer.Ordinal)];

    private static int Units(string html) => Unit().Count(Text(html));

    /// <summary>What a reader sees, and what a pointer shows.</summary>
    private static string Text(string html) => WebUtility.HtmlDecode(Tag().Replace(Hidden().Replace(html, " "), " "));

    [GeneratedRegex(@"[0-9]+(?:[.,][0-9]+)*")]
    private static partial Regex Number();

    [GeneratedRegex(@"(?<![A-Za-z_])bits(?![A-Za-z_])|%")]
    private static partial Regex Unit();

    [GeneratedRegex("<(style|script)>.*?</\\1>", RegexOptions.Singleline)]
    private static partial Regex Hidden();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\(\?<h([0-9]+)>")]
    private static partial Regex HoleOfKey();

    [GeneratedRegex(@"\{([0-9]+)(?::t)?\}")]
    private static partial Regex HoleOfTranslation();
}
