using System.Text.Json;

namespace Emergence.Tests.Cli;

public sealed class VerbTests
{
    private static readonly string[] Verbs = ["demo", "measure", "show", "study", "compare", "explain", "entropy", "noise", "mi",
        "calibrate", "capture", "tokenize", "devices", "verify", "bench"];

    [Fact]
    public void Every_verb_explains_itself()
    {
        var (code, root, _) = Child.Run("-h");
        Assert.Equal(0, code);
        Parallel.ForEach(Verbs, new ParallelOptions { MaxDegreeOfParallelism = 2 }, verb =>
        {
            Assert.Contains($"  {verb} ", root);
            var (verbCode, text, error) = Child.Run(verb, "-h");
            Assert.Equal((0, ""), (verbCode, error));
            Assert.Contains($"emergence {verb}", text);
        });
    }

    [Theory]
    [InlineData("unknown word 'mesure'", "mesure")]
    [InlineData("unknown word '--modle'", "devices", "--modle", "x")]
    [InlineData("'--model' is required", "tokenize")]
    [InlineData("no such folder", "tokenize", "--model", "/no/such/model")]
    [InlineData("is not a run", "show", "/no/such/run")]
    [InlineData("is not a run", "explain", "/no/such/run")]
    [InlineData("--sigmas 1,-2: expected positive numbers", "noise", "--model", "stories260k", "--data", "words", "--sigmas", "1,-2")]
    [InlineData("no boundary 6: choose 0 to 5", "noise", "--model", "stories260k", "--data", "words", "--shots", "1", "--boundaries", "6",
        "--device", "reference")]
    [InlineData("unknown table format 'xml'", "show", "/no/such/run", "-o", "xml")]
    [InlineData("unknown device 'abacus'", "measure", "--model", "stories260k", "--data", "words", "--device", "abacus", "--out", "x")]
    [InlineData("unknown estimator 'guess'", "measure", "--model", "stories260k", "--data", "words", "--estimator", "guess", "--out", "x")]
    [InlineData("unknown preset 'huge'", "measure", "--model", "stories260k", "--data", "words", "--preset", "huge", "--device",
        "reference", "--out", "x")]
    [InlineData("no boundary 5: choose 0 to 4", "measure", "--model", "stories260k", "--data", "words", "--boundaries", "0,5", "--device",
        "reference", "--out", "x")]
    [InlineData("no position 6: choose 0 to 5", "measure", "--model", "stories260k", "--data", "words", "--positions", "2-6", "--device",
        "reference", "--out", "x")]
    [InlineData("no data set or file 'cities'", "measure", "--model", "stories260k", "--data", "cities", "--device", "reference", "--out",
        "x")]
    [InlineData("not one token: France Germany", "entropy", "--model", "stories260k", "--data", "country")]
    [InlineData("unknown op 'sort'", "verify", "--device", "reference", "--op", "sort")]
    [InlineData("unknown op 'sort'", "bench", "--device", "reference", "--op", "sort")]
    [InlineData("expected more than 0 seconds", "bench", "--device", "reference", "--seconds", "0")]
    [InlineData("expected a share such as 5%", "bench", "compare", "a.json", "b.json", "--threshold", "much")]
    [InlineData("expected sequences and tokens such as 4096x8, found '5by3'", "bench", "--device", "reference", "--model", "stories260k",
        "--shapes", "5x3,5by3")]
    [InlineData("(libnvrtc.so) at /no/such.so, found nothing", "verify", "--device", "cuda", "--nvrtc", "/no/such.so")]
    [InlineData("(libnvrtc.so) at /etc/passwd, found something else", "verify", "--device", "cuda", "--nvrtc", "/etc/passwd")]
    [InlineData("(libnvrtc.so) at libc.so.6, found something else", "verify", "--device", "cuda", "--nvrtc", "libc.so.6")]
    [InlineData("expected device cuda beside a run-time compiler for GPU code, found device reference", "verify", "--device", "reference",
        "--nvrtc", "libnvrtc.so")]
    [InlineData("device cpu does not compute in bfloat16", "measure", "--model", "stories260k", "--data", "words", "--dtype", "bfloat16",
        "--out", "x")]
    [InlineData("device emulator does not compute in float16", "measure", "--model", "stories260k", "--data", "words", "--dtype", "float16",
        "--device", "emulator", "--out", "x")]
    public void Misuse_is_one_line_and_code_2(string expected, params string[] arguments)
    {
        var (code, output, error) = Child.Run(arguments);

        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Contains(expected, error);
        Assert.StartsWith("emergence: ", error);
        Assert.Equal(1, error.Count(c => c == '\n'));
    }

    [Fact]
    public void Help_says_where_the_run_time_compiler_is_looked_for()
    {
        var help = Child.Run("measure", "-h").Out;
        Assert.All(["--nvrtc", "CUDA_HOME", "VIRTUAL_ENV", "/usr/local/cuda"], word => Assert.Contains(word, help));
    }

    [Fact]
    public void A_broken_checkpoint_is_one_line()
    {
        var folder = TestData.TemporaryFolder();
        var sample = Path.Combine(TestData.Repository, "samples", "stories260k");
        foreach (var file in new[] { "config.json", "tokenizer.json", "words.txt" })
            File.Copy(Path.Combine(sample, file), Path.Combine(folder, file));
        File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), File.ReadAllBytes(Path.Combine(sample, "model.safetensors"))[..1000]);

        var (code, _, error) = Child.Run("measure", "--model", folder, "--data", "words", "--device", "reference", "--out",
            Path.Combine(folder, "run"));

        Assert.Equal(1, code);
        Assert.Contains("model.safetensors", error.Split('\n')[^2]);
        Assert.StartsWith("emergence: ", error.Split('\n')[^2]);
        Assert.False(Directory.Exists(Path.Combine(folder, "run")));
    }

    [Fact]
    public void The_version_names_the_commit() => Assert.Matches(@"^\d+\.\d+\.\d+(\+[0-9a-f]{40})?\n$", Child.Run("--version").Out);

    [Fact]
    public void Tokenize_answers_each_line_at_once_and_decodes()
    {
        using var process = Child.Start("tokenize", "--model", "stories260k");
        process.StandardInput.Write("\"Lily said hello\"\n");
        process.StandardInput.Flush();

        // The ids of words.txt in the vocabulary of tokenizer.json; <s> is 1.
        Assert.StartsWith("[1, 317, 336, ", process.StandardOutput.ReadLine());
        Assert.Equal(0, Child.Finish(process).Code);

        Assert.Equal("[317]\n[432]\n",
            Child.Run("\"Lily\"\n\",\"\n", ["tokenize", "--model", "stories260k", "--no-special"]).Out.Replace("[410, 432]", "[432]"));
        Assert.Equal("\"Lily said\"\n\"<s>\"\n", Child.Run("[317, 336]\n[1]\n", ["tokenize", "--model", "stories260k", "--decode"]).Out);
    }

    [Fact]
    public void Tokenize_reads_plain_lines_and_shows_tokens_with_their_bytes()
    {
        Assert.Equal(
            """{"ids":[317,336],"tokens":["▁Lily","▁said"],"bytes":[[0,4],[4,9]]}""" + "\n",
            Child.Run("Lily said\r\n", ["tokenize", "--model", "stories260k", "--text", "--tokens", "--no-special"]).Out);
        Assert.Equal("[317]\n", Child.Run("{\"text\":\"Lily\"}\n", ["tokenize", "--model", "stories260k", "--no-special"]).Out);
        Assert.Equal("\"Lily\"\n", Child.Run("[1, 317]\n", ["tokenize", "--model", "stories260k", "--decode", "--no-special"]).Out);
    }

    [Fact]
    public void Tokenize_shows_the_first_text_that_two_models_cut_differently()
    {
        string[] arguments = ["tokenize", "--text", "--model", "stories260k", "--compare"];
        Assert.Equal((0, "1 texts, all cut alike\n", ""), Child.Run("Lily said\n", [.. arguments, "stories260k"]));
        var (code, output, _) = Child.Run("a\nLily said\n", [.. arguments, TestData.Golden("tokenizers/sentencepiece-bpe")]);
        Assert.Equal(1, code);
        Assert.StartsWith("line 2, from token 0 on: \"Lily said\"\n▁Lily|▁said\n", output);
    }

    [Fact]
    public void Tokenize_refuses_bytes_that_are_no_UTF8()
    {
        using var process = Child.Start("tokenize", "--model", "stories260k");
        process.StandardInput.BaseStream.Write([(byte)'"', (byte)'a', (byte)'"', (byte)'\n', (byte)'"', 0xE9, (byte)'"', (byte)'\n']);
        var (code, output, error) = Child.Finish(process);
        Assert.Equal(2, code);
        Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("emergence: line 2 of the input: byte 1 is not UTF-8", error);
    }

    [Fact]
    public void Tokenize_names_the_line_it_cannot_read()
    {
        var (code, _, error) = Child.Run("\"a\"\nnot json\n", ["tokenize", "--model", "stories260k"]);

        Assert.Equal(2, code);
        Assert.StartsWith("emergence: line 2 of the input", error);
    }

    [Fact]
    public void Devices_lists_what_is_here()
    {
        var (code, output, _) = Child.Run("devices", "--json");

        Assert.Equal(0, code);
        using var json = JsonDocument.Parse(output);
        Assert.Contains(json.RootElement.EnumerateArray(), row => row.GetProperty("device").ValueEquals("reference"));
    }

    [Fact]
    public void Entropy_prints_the_closed_forms()
    {
        var (code, output, _) = Child.Run("entropy", "--model", "stories260k", "--data", "words", "--shots", "3", "--json");

        Assert.Equal(0, code);
        using var json = JsonDocument.Parse(output);
        var rows = json.RootElement.EnumerateArray().ToList();
        Assert.Equal(13_800, rows[0].GetProperty("sequences").GetInt32());
        Assert.Equal("enumeration", rows[0].GetProperty("kind").GetString());
        double[] expected = [Math.Log2(25), Math.Log2(25), Math.Log2(25 * 24), Math.Log2(25 * 24), Math.Log2(25 * 24 * 23),
            Math.Log2(25 * 24 * 23)];
        Assert.All(expected.Zip(rows.Skip(1)), pair =>
            Assert.Equal(pair.First, pair.Second.GetProperty("h_prefix_bits").GetDouble(), 1e-9));
    }

    [Theory]
    [InlineData("[[1, 317, 336], [1, 317, 335], [1, 317, 336]]", "boundary.0", new[] { 3, 3, 64 })]
    [InlineData("[[1, 317], [5]]", "1.boundary.5", new[] { 1, 64 })]
    public void Capture_writes_every_boundary(string ids, string tensor, int[] shape)
    {
        var folder = TestData.TemporaryFolder();
        File.WriteAllText(Path.Combine(folder, "ids.json"), ids);
        var output = Path.Combine(folder, "out.safetensors");

        var (code, _, error) = Child.Run("capture", "--model", "stories260k", "--input-ids", Path.Combine(folder, "ids.json"), "-o", output,
            "--logits", "--device", "reference");

        Assert.True(code == 0, error);
        using var header = JsonDocument.Parse(Header(output));
        Assert.Equal(shape, header.RootElement.GetProperty(tensor).GetProperty("shape").EnumerateArray().Select(size => size.GetInt32()));
        Assert.Contains(header.RootElement.EnumerateObject(), entry => entry.Name.EndsWith("logits", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{}", "expected a list of lists of token ids")]
    [InlineData("[[1, \"a\"]]", "row 0, position 1: \"a\" is not a token id")]
    [InlineData("[[1], 2]", "row 1 is not a list of token ids")]
    [InlineData("[[1.5]]", "row 0, position 0: 1.5 is not a token id")]
    [InlineData("[[1]", "ids.json: not valid JSON at line 1, column 5: ")]
    [InlineData("", "ids.json: is empty (0 bytes)")]
    public void Capture_says_what_ids_look_like(string ids, string expected)
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "ids.json");
        File.WriteAllText(path, ids);

        var (code, _, error) = Child.Run("capture", "--model", "stories260k", "--input-ids", path, "-o", "/dev/null/x", "--device",
            "reference");

        Assert.Equal(2, code);
        Assert.Contains(expected, error);
        Assert.Equal(1, error.Count(c => c == '\n'));
    }

    private static byte[] Header(string path)
    {
        var bytes = File.ReadAllBytes(path);
        return bytes[8..(8 + (int)BitConverter.ToInt64(bytes))];
    }
}
