using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Emergence.Tests;

/// <summary>The rules of the house that a compiler does not know, read from the sources.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string Source = Path.Combine(TestData.Repository, "src");
    private static readonly string Library = Path.Combine(Source, "Emergence");
    private static readonly string Devices = Path.Combine(Source, "Emergence.Devices");

    /// <summary>Rooms of src/Emergence and the rooms each may use besides itself and Emergence.Devices; a new folder needs a row
    /// here.</summary>
    private static readonly Dictionary<string, string[]> RoomsBelow = new()
    {
        ["Messages"] = [],
        ["Tables"] = [],
        ["Pictures"] = ["Tables"],
        ["Files"] = ["Messages"],
        ["Hub"] = ["Messages", "Files"],
        ["Checkpoints"] = ["Messages", "Files", "Hub"],
        ["Tokenizers"] = ["Messages", "Files"],
        ["Models"] = ["Messages", "Files", "Checkpoints"],
        ["Capture"] = ["Messages", "Files", "Checkpoints", "Models"],
        ["Information"] = ["Messages"],
        ["Datasets"] = ["Messages", "Files", "Tokenizers"],
        ["Measurement"] = ["Messages", "Files", "Checkpoints", "Tokenizers", "Models", "Capture", "Information", "Datasets"],
        ["Reports"] = ["Messages", "Tables", "Pictures", "Files", "Models", "Capture", "Information", "Datasets", "Measurement"],
        ["Studies"] =
        [
            "Messages", "Tables", "Pictures", "Files", "Checkpoints", "Tokenizers", "Models", "Capture", "Information", "Datasets",
            "Measurement", "Reports",
        ],
    };

    /// <summary>Rooms of src/Emergence.Devices and what their using lines may name; all see the contract in the project's root.</summary>
    private static readonly Dictionary<string, string[]> DeviceRoomsBelow = new()
    {
        ["Tensors"] = [],
        ["Randomness"] = [],
        ["Packed"] = ["Tensors"],
        ["Critics"] = ["Tensors", "Randomness"],
        ["Reference"] = ["Tensors", "Randomness", "Packed", "Critics"],
        ["Cpu"] = ["Tensors", "Randomness", "Packed", "Critics"],
        ["Cuda"] = ["Tensors", "Randomness", "Packed", "Critics"],
    };

    public static TheoryData<string> Rooms => [.. Folders(Library)];

    public static TheoryData<string> DeviceRooms => [.. Folders(Devices)];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_uses_only_what_is_below_it(string room)
    {
        Assert.True(RoomsBelow.ContainsKey(room), $"src/Emergence/{room} is no room of the house: say what it may use");
        foreach (var file in Sources(Path.Combine(Library, room)))
        {
            foreach (var used in RoomsNamed(File.ReadAllText(file)))
                Assert.True(used == room || RoomsBelow[room].Contains(used), $"{file} uses {used}, which is not below {room}");
        }
    }

    [Theory]
    [MemberData(nameof(DeviceRooms))]
    public void A_room_of_the_devices_uses_only_what_is_below_it(string room)
    {
        Assert.True(DeviceRoomsBelow.ContainsKey(room), $"src/Emergence.Devices/{room} is no room of the house: say what it may use");
        foreach (var file in Sources(Path.Combine(Devices, room)))
        {
            foreach (Match match in DeviceRoom().Matches(File.ReadAllText(file)))
            {
                var used = match.Groups["room"].Value;
                Assert.True(
                    used == room || !DeviceRoomsBelow.ContainsKey(used) || DeviceRoomsBelow[room].Contains(used),
                    $"{file} uses {used}, which is not below {room}");
            }
        }
    }

    [Fact]
    public void Only_the_table_of_devices_names_devices()
    {
        foreach (var file in Directory.EnumerateFiles(Devices, "*.cs").Where(file => Path.GetFileName(file) != "DeviceTable.cs"))
        {
            foreach (Match match in DeviceRoom().Matches(File.ReadAllText(file)))
                Assert.False(match.Groups["room"].Value is "Reference" or "Cpu" or "Cuda", $"{file} names {match.Value}");
        }
    }

    [Fact]
    public void A_file_lies_in_a_room()
    {
        Assert.Empty(Directory.EnumerateFiles(Library, "*.cs"));
    }

    /// <summary>Low to high: Devices, the library, the laboratory, the program; a device of its own project stands on Devices
    /// alone.</summary>
    [Fact]
    public void A_project_knows_only_those_below_it()
    {
        Assert.Empty(References("Emergence.Devices", "ProjectReference"));
        Assert.Equal(["Emergence.Devices"], References("Emergence", "ProjectReference"));
        Assert.Equal(["Emergence.Devices"], References("Emergence.Ilgpu", "ProjectReference"));
        Assert.Equal(["Emergence"], References("Emergence.Lab", "ProjectReference"));
        foreach (var file in Sources(Devices).Concat(Sources(Library)))
            Assert.DoesNotContain("Emergence.Lab.", File.ReadAllText(file));
    }

    [Fact]
    public void The_library_needs_no_package()
    {
        foreach (var project in new[] { "Emergence.Devices", "Emergence", "Emergence.Lab" })
            Assert.Empty(References(project, "PackageReference"));
    }

    [Fact]
    public void Only_the_devices_are_unsafe()
    {
        foreach (var project in Directory.EnumerateFiles(Source, "*.csproj", SearchOption.AllDirectories))
        {
            var allows = XDocument.Load(project).Descendants("AllowUnsafeBlocks").Any(element => (bool)element);
            Assert.True(allows == (Path.GetFileNameWithoutExtension(project) == "Emergence.Devices"), $"{project}: AllowUnsafeBlocks");
        }
    }

    [Fact]
    public void Namespaces_are_folders()
    {
        foreach (var file in Sources(Source).Where(file => !file.Contains("Emergence.Cli", StringComparison.Ordinal)))
        {
            var expected = Path.GetRelativePath(Source, Path.GetDirectoryName(file)!).Replace(Path.DirectorySeparatorChar, '.');
            Assert.Contains($"namespace {expected};", File.ReadAllText(file));
        }
    }

    [Fact]
    public void Only_the_cuda_device_speaks_cuda()
    {
        foreach (var file in Sources(Source).Where(file => !file.Contains(Path.Combine("Emergence.Devices", "Cuda"))))
            Assert.False(DriverCall().IsMatch(File.ReadAllText(file)), $"{file} names a call of the CUDA driver");
    }

    [Fact]
    public void Files_stay_short()
    {
        const int Limit = 400;
        foreach (var file in Sources(Source))
            Assert.True(File.ReadLines(file).Count() <= Limit, $"{file} has more than {Limit} lines");
    }

    /// <summary>Raw strings apart: what they hold is written elsewhere too, and a break would be part of it.</summary>
    [Fact]
    public void Lines_stay_short()
    {
        const int Limit = 140;
        foreach (var file in new[] { "src", "tests", "benchmarks" }.SelectMany(part => Sources(Path.Combine(TestData.Repository, part))))
        {
            var (number, isRaw) = (0, false);
            foreach (var line in File.ReadLines(file))
            {
                number++;
                var quotes = RawQuotes().Count(line);
                Assert.True(line.Length <= Limit || isRaw || quotes > 0, $"{file}, line {number}, has {line.Length} characters");
                isRaw ^= quotes % 2 == 1;
            }
        }
    }

    /// <summary>Rooms of the library that a source names: in full, or from within Emergence by a relative name such as
    /// Capture.CaptureFile.</summary>
    private static IEnumerable<string> RoomsNamed(string source)
    {
        foreach (Match match in Use().Matches(source))
        {
            if (RoomsBelow.ContainsKey(match.Groups["room"].Value))
                yield return match.Groups["room"].Value;
        }

        foreach (Match match in RelativeName().Matches(source))
        {
            var room = match.Groups["room"].Value;
            if (RoomsBelow.ContainsKey(room) && File.Exists(Path.Combine(Library, room, match.Groups["type"].Value + ".cs")))
                yield return room;
        }
    }

    private static string[] References(string project, string kind) =>
        [.. XDocument.Load(Path.Combine(Source, project, project + ".csproj")).Descendants(kind)
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value))];

    private static IEnumerable<string> Folders(string folder) =>
        Directory.GetDirectories(folder).Where(path => Sources(path).Any()).Select(path => Path.GetFileName(path)!).Except(["bin", "obj"]);

    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));

    [GeneratedRegex(@"\bEmergence\.(?<room>[A-Z]\w*)")]
    private static partial Regex Use();

    [GeneratedRegex(@"(?<![\w.])(?<room>[A-Z]\w*)\.(?<type>[A-Z]\w*)")]
    private static partial Regex RelativeName();

    [GeneratedRegex(@"\bEmergence\.Devices\.(?<room>[A-Z]\w*)")]
    private static partial Regex DeviceRoom();

    [GeneratedRegex("\"\"\"+")]
    private static partial Regex RawQuotes();

    [GeneratedRegex(@"\bcu[A-Z]\w*")]
    private static partial Regex DriverCall();
}
