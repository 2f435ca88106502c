using Emergence.Tests.Cli;

namespace Emergence.Tests.Reports;

/// <summary>
/// The pages of a run and of a study as a reader meets them: in a browser, wide and narrow, light and dark, by keys and without scripts.
/// </summary>
public sealed class BrowserTests(BrowserTests.PageFixture page) : IClassFixture<BrowserTests.PageFixture>
{
    private const string Run = "run", Study = "study";

    private const string Narrowest = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)";

    [Theory]
    [InlineData(Run, 1280, false)]
    [InlineData(Run, 390, false)]
    [InlineData(Run, 390, true)]
    [InlineData(Study, 1280, true)]
    [InlineData(Study, 390, false)]
    public void It_says_nothing_on_the_console_fetches_nothing_and_does_not_scroll_sideways(string which, int width, bool dark)
    {
        var browser = page.Browser();
        browser.Open(page.File(which), width, 900, dark);
        Assert.Equal(1, (int)browser.Evaluate("document.querySelectorAll('h1').length")!);

        Assert.Empty(browser.Complaints);
        Assert.All(browser.Requests, address => Assert.Contains(address[..5], new[] { "file:", "data:" }));
        Assert.Single(browser.Requests, address => address.StartsWith("file:", StringComparison.Ordinal));
        Assert.InRange((int)browser.Evaluate(Narrowest)!, 1, width);
        page.Keep(browser, $"{which}-{width}-{(dark ? "dark" : "light")}");
    }

    [Fact]
    public void The_slider_changes_figures_and_picture()
    {
        var browser = page.Browser();
        browser.Open(page.File(Run), 1280, 900);
        var (number, picture) = (Shown(browser, "p"), Shown(browser, "svg"));

        browser.Evaluate("const s = document.querySelector('.slider input'); s.value = s.max; s.dispatchEvent(new Event('input'))");

        Assert.NotEqual(number, Shown(browser, "p"));
        Assert.NotEqual(picture, Shown(browser, "svg"));
        Assert.Contains("At sigma 4,", Shown(browser, "p"), StringComparison.Ordinal);
        Assert.Equal("4", (string?)browser.Evaluate("document.querySelector('.slider output').textContent"));
        Assert.Equal("4", (string?)browser.Evaluate("document.querySelector('.slider input').getAttribute('aria-valuetext')"));
        Assert.Equal(1, (int)browser.Evaluate("[...document.querySelectorAll('.slider .pane')].filter(p => p.offsetHeight > 0).length")!);
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public void Keys_reach_and_move_the_slider()
    {
        var browser = page.Browser();
        browser.Open(page.File(Run), 1280, 900);
        browser.Press("Tab", 9);
        Assert.Equal("INPUT", (string?)browser.Evaluate("document.activeElement.tagName"));
        browser.Press("ArrowRight", 39);
        Assert.Equal("2", (string?)browser.Evaluate("document.querySelector('.slider output').textContent"));
        Assert.Contains("At sigma 2,", Shown(browser, "p"), StringComparison.Ordinal);
    }

    /// <summary>On the narrowest window too: a picture scrolls before its text becomes smaller.</summary>
    [Theory]
    [InlineData(Run)]
    [InlineData(Study)]
    public void The_text_of_pictures_stays_readable(string which)
    {
        var browser = page.Browser();
        browser.Open(page.File(which), 390, 900);
        var smallest = (double)browser.Evaluate("""
            Math.min(...[...document.querySelectorAll('svg')].filter(svg => svg.clientWidth > 0).flatMap(svg =>
              [...svg.querySelectorAll('text')].map(text =>
                parseFloat(getComputedStyle(text).fontSize) * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)))
            """)!;
        Assert.InRange(smallest, 8.5, 40);
    }

    [Theory]
    [InlineData(Run)]
    [InlineData(Study)]
    public void Pictures_and_inputs_have_names(string which)
    {
        var browser = page.Browser();
        browser.Open(page.File(which), 1280, 900);
        Assert.True((bool)browser.Evaluate(
            "[...document.querySelectorAll('svg')].every(s => s.getAttribute('role') === 'img' && s.ariaLabel.length > 5)")!);
        Assert.True((bool)browser.Evaluate("[...document.querySelectorAll('input')].every(i => i.labels.length === 1)")!);
        Assert.Equal("en", (string?)browser.Evaluate("document.documentElement.lang"));
    }

    [Theory]
    [InlineData(Run)]
    [InlineData(Study)]
    public void Dark_and_light_are_different_and_readable(string which)
    {
        var browser = page.Browser();
        var found = new[] { false, true }.Select(dark =>
        {
            browser.Open(page.File(which), 800, 900, dark);
            var contrast = (double)browser.Evaluate("""
                (() => {
                  const light = c => {
                    const [r, g, b] = c.match(/[\d.]+/g).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                    return .2126 * r + .7152 * g + .0722 * b;
                  };
                  const page = light(getComputedStyle(document.body).backgroundColor);
                  return Math.min(...[...document.querySelectorAll('p,h2,th,td,figcaption,label,.tile span')].map(e => {
                    const own = light(getComputedStyle(e).color);
                    return (Math.max(own, page) + .05) / (Math.min(own, page) + .05);
                  }));
                })()
                """)!;
            Assert.InRange(contrast, 4.5, 21);
            return (string?)browser.Evaluate("getComputedStyle(document.body).backgroundColor");
        }).ToList();
        Assert.NotEqual(found[0], found[1]);
    }

    [Fact]
    public void Without_scripts_sigma_one_is_shown_and_the_slider_is_not()
    {
        // With scripts off the browser runs what the test asks for all the same.
        var browser = page.Browser();
        browser.Open(page.File(Run), 1280, 900, scripts: false);
        Assert.Equal(0, (int)browser.Evaluate("document.querySelector('.slider input').offsetHeight")!);
        Assert.Contains("At sigma 1,", Shown(browser, "p"), StringComparison.Ordinal);
        Assert.Equal(1, (int)browser.Evaluate("[...document.querySelectorAll('.slider .pane')].filter(p => p.offsetHeight > 0).length")!);
    }

    private static string Shown(Chromium browser, string element) => (string)browser.Evaluate(
        $"[...document.querySelectorAll('.slider .pane')].find(p => p.offsetHeight > 0).querySelector('{element}').outerHTML")!;

    /// <summary>One run and one browser for all tests of the class.</summary>
    public sealed class PageFixture : IDisposable
    {
        private Chromium? _browser;

        private string _folder = "";

        public string File(string which) => Path.Combine(_folder, which, "report.html");

        internal Chromium Browser()
        {
            if (_browser != null)
                return _browser;
            _browser = Chromium.Start();
            _folder = TestData.TemporaryFolder();
            string[] settings = ["--data", "words", "--shots", "2", "--estimator", "exact", "--device", "cpu", "--out"];
            Make(["measure", "--model", "stories260k", .. settings, Path.Combine(_folder, Run)]);

            // A study needs two models: the same one, twice.
            var other = Path.Combine(_folder, "other");
            TestData.CopyFiles(Path.Combine(TestData.Repository, "samples", "stories260k"), other);
            Make(["study", "compare", "--model", "stories260k", "--model", other, .. settings, Path.Combine(_folder, Study)]);
            return _browser;
        }

        private static void Make(string[] command)
        {
            var (code, _, error) = Child.Run(command);
            Assert.True(code == 0, error);
        }

        /// <summary>A picture of the window, for eyes, where EMERGENCE_TEST_PICTURES names a folder.</summary>
        internal void Keep(Chromium browser, string name)
        {
            if (Environment.GetEnvironmentVariable("EMERGENCE_TEST_PICTURES") is { Length: > 0 } folder)
                System.IO.File.WriteAllBytes(Path.Combine(folder, name + ".png"), browser.Screenshot());
        }

        public void Dispose() => _browser?.Dispose();
    }
}
