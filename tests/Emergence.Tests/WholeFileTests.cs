using Emergence.Files;

namespace Emergence.Tests;

public sealed class WholeFileTests
{
    [Fact]
    public void The_target_changes_only_with_the_commit()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "file");
        WholeFile.Write(path, "old"u8);
        using (var file = new WholeFile(path))
        {
            file.Put(0, "new, and longer"u8);
            Assert.Equal("old", File.ReadAllText(path));
            file.Commit();
        }

        Assert.Equal("new, and longer", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void Without_a_commit_nothing_is_left()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "file");
        using (var file = new WholeFile(path))
            file.Put(0, "lost"u8);

        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void A_folder_that_is_not_there_is_a_disk_error_with_the_path()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "none", "file");

        var error = Assert.Throws<EmergenceException>(() => WholeFile.Write(path, "x"u8));

        Assert.Equal(ExitCode.Disk, error.ExitCode);
        Assert.Contains(path, error.Message);
    }
}
