using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Emergence.Devices.Cuda;
using Emergence.Devices.Cuda.Ops;

namespace Emergence.Tests.Devices.Cuda;

/// <summary>A file of kernels has a twin that launches them, and what both of them know is the same.</summary>
public sealed partial class TwinTests
{
    private static readonly string s_kernels = Path.Combine(TestData.Repository, "kernels");
    private static readonly string s_ops = Path.Combine(TestData.Repository, "src", "Emergence.Devices", "Cuda", "Ops");

    [Fact]
    public void Files_are_twins_by_name() =>
        Assert.Equal(Sources().Select(Base).Order(StringComparer.Ordinal), Twins().Keys.Order(StringComparer.Ordinal));

    /// <summary>A kernel is launched where its twin says so, and nowhere else.</summary>
    [Fact]
    public void A_kernel_is_launched_by_its_twin_alone()
    {
        var twins = Twins().ToDictionary(twin => twin.Key, twin => File.ReadAllText(twin.Value));
        foreach (var (name, file) in Rows())
        {
            var use = new Regex($@"KernelTable\.{name}\b");
            Assert.Equal(
                [file.Replace("_", "", StringComparison.Ordinal)], twins.Where(twin => use.IsMatch(twin.Value)).Select(twin => twin.Key));
        }
    }

    /// <summary>What becomes of a product's sums has the same numbers in kernels and host.</summary>
    [Fact]
    public void Epilogues_are_one_enumeration()
    {
        var text = File.ReadAllText(Path.Combine(s_kernels, "include", "em_epilogue.h"));
        Assert.Equal(Enum.GetNames<ProductEpilogue>(), Enumerator().Matches(text).Select(match => match.Groups[1].Value));
        Assert.Equal(
            ["product.cu", "product_sm90.cu"],
            Sources().Where(
                file => File.ReadAllText(file).Contains(
                    "em_epilogue.h", StringComparison.Ordinal)).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    /// <summary>Sizes that a kernel's source asserts are those that the host gives it.</summary>
    [Fact]
    public void Sizes_are_known_on_both_sides()
    {
        var asserted = Directory.EnumerateFiles(s_kernels, "*.*", SearchOption.AllDirectories)
            .SelectMany(file => Assertion().Matches(File.ReadAllText(file)))
            .ToDictionary(
                match => match.Groups["what"].Value, match => int.Parse(match.Groups["bytes"].Value, CultureInfo.InvariantCulture));
        const string Shared = "SharedBytes of ";
        var (rows, shared) = (
            KernelTable.Rows.ToDictionary(row => row.Name), asserted.Where(size => size.Key.StartsWith(Shared, StringComparison.Ordinal)));
        Assert.All(shared, size => Assert.Equal(size.Value, rows[size.Key[Shared.Length..]].SharedBytes));
        Assert.All(
            ["small_critic", "product_tn_96", "product_sm90_nn_192", "pair_product_sm90_by_rows_384"],
            name => Assert.Contains(Shared + name, asserted));
        Assert.Equal(
            (asserted["size of Partition"], asserted["size of Progress"], asserted["size of BlockTraining"], asserted["size of Unpacking"]),
            (Unsafe.SizeOf<Partition>(), Unsafe.SizeOf<Progress>(), Unsafe.SizeOf<BlockTraining>(), Unsafe.SizeOf<Unpacking>()));
    }

    /// <summary>Fields of the table, and of which file they are.</summary>
    private static IEnumerable<(string Name, string File)> Rows() =>
        typeof(KernelTable).GetFields(BindingFlags.Public | BindingFlags.Static).Where(field => field.FieldType == typeof(KernelRow))
            .Select(field => (field.Name, ((KernelRow)field.GetValue(null)!).File)).Append((nameof(KernelTable.Products), "product"));

    private static IEnumerable<string> Sources() => Directory.EnumerateFiles(s_kernels, "*.cu", SearchOption.AllDirectories);

    private static Dictionary<string, string> Twins() => Directory.EnumerateFiles(s_ops, "*.cs").ToDictionary(Base);

    /// <summary>critic_bf16.cu and CriticBf16.cs have one.</summary>
    private static string Base(string file) =>
        Path.GetFileNameWithoutExtension(file).Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();

    [GeneratedRegex(@"^  (\w+),  *//", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Enumerator();

    [GeneratedRegex(@"static_assert\(.* == (?<bytes>\d+), ""(?<what>[^""]+)""\);", RegexOptions.CultureInvariant)]
    private static partial Regex Assertion();
}
