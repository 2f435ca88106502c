using Emergence.Files;

namespace Emergence.Tests.Cli;

/// <summary>What users get wrong: one line that says what was expected and what was found, code 2, before any work.</summary>
public sealed class MisuseTests
{
    private static readonly string[] Stories = ["--model", "stories260k", "--data", "words"];

    private readonly string _folder = TestData.TemporaryFolder();

    [Theory]
    [InlineData("--toy does not belong here: calibrate --known reads --estimator, --seed", "calibrate", "--known", "--toy")]
    [InlineData("--dim does not belong here: calibrate --known", "calibrate", "--known", "--dim", "7")]
    [InlineData("--svg does not belong here: calibrate --coverage reads --samples, --estimator, --seed", "calibrate", "--coverage", "20",
        "--svg", "cc.svg")]
    [InlineData("--estimator does not belong here: calibrate --toy reads", "calibrate", "--toy", "--estimator", "ksg")]
    [InlineData("--steps does not belong here: calibrate reads --dim", "calibrate", "--steps", "5")]
    [InlineData("--coverage: expected 1 or more, found -3", "calibrate", "--coverage", "-3")]
    [InlineData("--coverage: expected 1 or more, found 0", "calibrate", "--coverage", "0")]
    [InlineData("--steps: expected 1 or more, found 0", "calibrate", "--toy", "--steps", "0")]
    [InlineData("the known cases are for gaussian", "calibrate", "--known", "--estimator", "ksg,chao-shen")]
    [InlineData("--estimator ',': expected all or one name or more, found none", "calibrate", "--estimator", ",")]
    [InlineData("--estimator ',': expected all or one name or more, found none", "mi", "x.npy", "y.npy", "--estimator", ",")]
    [InlineData("--estimator 'all,exact': all stands alone", "mi", "x.npy", "y.npy", "--estimator", "all,exact")]
    [InlineData("--shapes does not belong here: bench reads --op, --seconds", "bench", "--shapes", "2x2")]
    [InlineData("--op does not belong here: bench --model reads --shapes, --seconds", "bench", "--op", "Gate", "--model", "stories260k")]
    [InlineData("--seconds does not belong here: bench --static", "bench", "--static", "--seconds", "3")]
    [InlineData("expected one of -o and --json, found both", "explain", "run", "-o", "md", "--json")]
    [InlineData("expected one of -o and --json, found both", "calibrate", "-o", "csv", "--json")]
    public void An_option_that_nobody_would_read_is_refused(string expected, params string[] arguments) => Refuse(expected, arguments);

    [Theory]
    [InlineData("--shots: expected a whole number from 1 to 2147483647, found 'abc'", "--shots", "abc")]
    [InlineData("--shots: expected a whole number from 1 to 2147483647, found '99999999999'", "--shots", "99999999999")]
    [InlineData("--seed: expected a whole number from 0 to 18446744073709551615, found '-3'", "--seed", "-3")]
    [InlineData("--sequences: expected a whole number from 1 to 2147483647, found '1e3'", "--sequences", "1e3")]
    public void A_word_that_is_no_number_is_named_with_its_option(string expected, params string[] arguments) =>
        Refuse(expected, ["measure", .. Stories, "--out", "x", .. arguments]);

    [Fact]
    public void A_number_that_is_none_is_named_too() => Refuse("--seconds: expected a number, found 'soon'", "bench", "--seconds", "soon");

    [Fact]
    public void Models_are_looked_for_before_anything_is_measured()
    {
        Refuse("'nosuch' is neither a folder nor in the Hugging Face cache", "bench", "--model", "nosuch", "--device", "reference");
        Refuse("'nosuch' is neither a folder nor in the Hugging Face cache", "measure", "--model", "nosuch", "--data", "words", "--out",
            "x");
        Refuse($"{Path.Combine(_folder, "config.json")}: no such file", "bench", "--model", _folder, "--device", "reference");
        Refuse($"{_folder}: no tokenizer: expected tokenizer.json", "entropy", "--model", _folder, "--data", "words");
        Refuse("two models are named 'stories260k': name each once", ["noise", .. Stories, "--model", "stories260k"]);
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_found_before_the_work()
    {
        var ids = Write("ids.json", "[[1]]");
        var (none, file) = (Path.Combine(_folder, "none"), Write("file", ""));
        Refuse($": expected a folder at {none}, found nothing", "calibrate", "--svg", Path.Combine(none, "x.svg"));
        Refuse($": expected a folder at {none}, found nothing", ["noise", .. Stories, "--svg", Path.Combine(none, "x.svg")]);
        Refuse($": expected a folder at {none}, found nothing", "explain", "run", "--svg", Path.Combine(none, "x.svg"));
        Refuse($": expected a folder at {none}, found nothing", "capture", "--model", "stories260k", "--input-ids", ids, "-o",
            Path.Combine(none, "x.safetensors"));
        Refuse($": expected a folder at {file}, found a file", "calibrate", "--svg", Path.Combine(file, "x.svg"));
        Refuse("expected the name of a file to write, found a folder", "calibrate", "--svg", _folder);
        Refuse($"--out '{file}': expected a folder at {file}, found a file", ["measure", .. Stories, "--out", file]);
        Refuse($": expected a folder at {file}, found a file", ["measure", .. Stories, "--out", Path.Combine(file, "run"), "--dry-run"]);
        Refuse($": expected a folder at {file}, found a file", "demo", "--out", file);
        Refuse($": expected a folder at {file}, found a file", ["study", "shots", .. Stories, "--out", file]);
        Assert.Equal(["file", "ids.json"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_file_that_is_not_what_is_expected_is_named_with_what_is_there()
    {
        var (empty, broken, list) = (Write("empty.json", ""), Write("broken.json", "{ \"shots\": 2,\n x }"), Write("list.json", "[[1]]"));
        var none = Path.Combine(_folder, "none");
        Refuse($"expected a file at {_folder}, found a folder", "measure", "--config", _folder);
        Refuse($"expected a file at {none}, found nothing", "measure", "--config", none);
        Refuse($"{empty}: is empty (0 bytes)", "measure", "--config", empty);
        Refuse($"{broken}: not valid JSON at line 2, column 2: 'x' is an invalid start of a property name", "measure", "--config", broken);
        Refuse($"expected a file at {none}, found nothing", "capture", "--model", "stories260k", "--input-ids", none, "-o", "x", "--device",
            "reference");
        Refuse($"expected a file at {none}, found nothing", "bench", "compare", none, none);
        Refuse($"{empty}: is empty (0 bytes)", "bench", "compare", empty, none);
        Refuse("expected what bench -o json wrote (format 1), found JSON that is no object", "bench", "compare", list, list);
        Refuse("expected what bench -o json wrote (format 1), found format 7", "bench", "compare", Write("later.json", """{"format":7}"""),
            list);
    }

    [Theory]
    [InlineData("line 2 of the input, column 2: 'nope' is an invalid JSON literal", "\"a\"\nnope\n")]
    [InlineData("line 1 of the input: expected a JSON string", "[1]\n")]
    [InlineData("line 1 of the input: token id 99999 is not in the vocabulary, whose ids are below 512", "[99999]\n", "--decode")]
    [InlineData("line 1 of the input: \"a\" is not a token id", "[\"a\"]\n", "--decode")]
    public void A_line_to_tokenize_is_named_once(string expected, string input, params string[] arguments)
    {
        var (code, _, error) = Child.Run(input, ["tokenize", "--model", "stories260k", .. arguments]);

        Assert.Equal((2, $"emergence: {expected}\n"), (code, error));
    }

    [Fact]
    public void A_file_on_its_way_to_its_name_is_not_spoken_of()
    {
        var path = Path.Combine(_folder, "none", "x.svg");

        var error = Assert.Throws<EmergenceException>(() => WholeFile.Write(path, "x"u8));

        Assert.Equal($"writing {path} failed: its folder is not there", error.Message);
    }

    private static void Refuse(string expected, params IEnumerable<string> arguments)
    {
        var (code, output, error) = Child.Run(arguments);

        Assert.Equal((2, ""), (code, output));
        Assert.Contains(expected, error);
        Assert.StartsWith("emergence: ", error);
        Assert.Equal(1, error.Count(c => c == '\n'));
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    [Theory]
    [InlineData("--runs", "nosuch.csv")]
    [InlineData("--theta", "5")]
    [InlineData("--skills", "1")]
    public void A_study_that_cannot_begin_leaves_no_folder(string option, string value)
    {
        var study = Path.Combine(TestData.TemporaryFolder(), "study");

        var (code, output, error) = Child.Run("study", "skills", option, value, "--out", study);

        Assert.True((code, output) == (2, ""), error);
        Assert.False(Path.Exists(study));
    }
}
