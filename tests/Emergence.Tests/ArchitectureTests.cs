using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Emergence.Tests;

/// <summary>The rules of the house that a compiler does not know, read from the sources.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string Library = Path.Combine(TestData.Repository, "src", "Emergence");

    /// <summary>What each part may use, besides itself; a new folder needs a row here.</summary>
    private static readonly Dictionary<string, string[]> Below = new()
    {
        ["Tensors"] = [],
        ["Devices"] = ["Tensors"],
        ["Checkpoints"] = ["Tensors", "Devices"],
        ["Tokenizers"] = ["Tensors", "Devices"],
        ["Models"] = ["Tensors", "Devices", "Checkpoints", "Tokenizers"],
        ["Capture"] = ["Tensors", "Devices", "Checkpoints", "Tokenizers", "Models"],
        ["Information"] = ["Tensors", "Devices"],
        ["Datasets"] = ["Tensors", "Devices", "Checkpoints", "Tokenizers"],
        ["Measurement"] = ["Tensors", "Devices", "Checkpoints", "Tokenizers", "Models", "Capture", "Information", "Datasets"],
        ["Reports"] = ["Tensors", "Devices", "Checkpoints", "Tokenizers", "Models", "Capture", "Information", "Datasets", "Measurement"],
        ["Studies"] = ["Tensors", "Devices", "Checkpoints", "Tokenizers", "Models", "Capture", "Information", "Datasets", "Measurement", "Reports"],
    };

    public static TheoryData<string> Parts => [.. Directory.GetDirectories(Library).Select(folder => Path.GetFileName(folder)!).Except(["bin", "obj"])];

    [Theory]
    [MemberData(nameof(Parts))]
    public void A_part_uses_only_what_is_below_it(string part)
    {
        Assert.True(Below.ContainsKey(part), $"src/Emergence/{part} is no part of the house: say what it may use");
        foreach (var file in Sources(Path.Combine(Library, part)))
        {
            foreach (Match match in Use().Matches(File.ReadAllText(file)))
            {
                var used = match.Groups["part"].Value;
                Assert.True(used == part || !Below.ContainsKey(used) || Below[part].Contains(used), $"{file} uses {used}, which is not below {part}");
            }
        }
    }

    [Fact]
    public void Namespaces_are_folders()
    {
        foreach (var file in Sources(Library))
        {
            var folder = Path.GetRelativePath(Library, Path.GetDirectoryName(file)!);
            var expected = folder == "." ? "Emergence" : "Emergence." + folder.Replace(Path.DirectorySeparatorChar, '.');
            Assert.Contains($"namespace {expected};", File.ReadAllText(file));
        }
    }

    [Fact]
    public void Only_the_cuda_device_speaks_cuda()
    {
        foreach (var file in Sources(Path.Combine(TestData.Repository, "src")).Where(file => !file.Contains(Path.Combine("Devices", "Cuda"))))
            Assert.False(DriverCall().IsMatch(File.ReadAllText(file)), $"{file} names a call of the CUDA driver");
    }

    [Fact]
    public void The_library_needs_no_package()
    {
        var project = XDocument.Load(Path.Combine(Library, "Emergence.csproj"));

        Assert.Empty(project.Descendants("PackageReference"));
        Assert.Empty(project.Descendants("ProjectReference"));
    }

    [Fact]
    public void Files_stay_short()
    {
        const int Limit = 400;
        foreach (var file in Sources(Path.Combine(TestData.Repository, "src")))
            Assert.True(File.ReadLines(file).Count() <= Limit, $"{file} has more than {Limit} lines");
    }

    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));

    [GeneratedRegex(@"\bEmergence\.(?<part>[A-Z]\w*)")]
    private static partial Regex Use();

    [GeneratedRegex(@"\bcu[A-Z]\w*")]
    private static partial Regex DriverCall();
}
