using Emergence.Studies;

namespace Emergence.Tests.Studies;

/// <summary>What a study keeps between two starts.</summary>
public sealed class StudyFolderTests
{
    private static readonly double[] Odd = [1.5, double.NaN, double.NegativeInfinity, -0.0, 1e-310];

    [Fact]
    public void Numbers_are_computed_once_and_read_back_to_the_bit()
    {
        var folder = TestData.TemporaryFolder();
        using (var context = StudyRun.Context(folder, new ShotsStudy(), ["stories260k"], ("data", "words")))
            Assert.Equal(Odd, context.Once("odd", () => Odd));

        using var again = StudyRun.Context(folder, new ShotsStudy(), ["stories260k"], ("data", "words"));
        var read = again.Once("odd", () => throw new InvalidOperationException("computed twice"));

        Assert.Equal(Odd.Select(BitConverter.DoubleToInt64Bits), read.Select(BitConverter.DoubleToInt64Bits));
    }

    [Fact]
    public void Other_options_models_or_files_are_refused_by_name()
    {
        var (folder, file) = (TestData.TemporaryFolder(), Path.Combine(TestData.TemporaryFolder(), "words.txt"));
        File.WriteAllText(file, "big\nfriend\n");
        StudyRun.Context(folder, new ShotsStudy(), ["stories260k"], ("data", file)).Dispose();

        Assert.Contains("shots differs: [\"4\"] vs [\"5\"]", Refusal(folder, ("data", file), ("shots", "5")));
        File.WriteAllText(file, "big\ntime\n");
        Assert.Contains("words.txt differs", Refusal(folder, ("data", file)));
    }

    [Fact]
    public void The_command_repeats_what_is_not_the_default()
    {
        using var context = StudyRun.Context(TestData.TemporaryFolder(), new ShotsStudy(), ["stories260k"], ("data", "words"),
            ("shots", "4"), ("boundaries", "1"));

        Assert.Equal(
            "emergence study shots \\\n  --model stories260k \\\n  --data words \\\n  --boundaries 1 \\\n  --device cpu \\\n  --out STUDY",
            context.Command);
    }

    private static string Refusal(string folder, params (string Name, string Value)[] values)
    {
        var error = Assert.Throws<EmergenceException>(() => StudyRun.Context(folder, new ShotsStudy(), ["stories260k"], values));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        return error.Message;
    }
}
