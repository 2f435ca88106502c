using Emergence.Measurement.Run;

namespace Emergence.Tests.Measurement;

public sealed class OwnerFileTests
{
    private readonly string _lock = Path.Combine(TestData.TemporaryFolder(), "run.lock");

    [Fact]
    public void A_process_of_another_machine_may_still_be_there()
    {
        File.WriteAllText(_lock + ".3", (ProcessName.Own with { Host = "n7", Pid = 1, Space = "elsewhere" }).ToString());

        var error = Assert.Throws<EmergenceException>(() => OwnerFile.Take(_lock));

        Assert.Equal(ExitCode.TryAgain, error.ExitCode);
        Assert.Contains("in use by pid 1 on n7", error.Message);
        Assert.EndsWith($"if it has ended, remove {_lock}.3", error.Message);
    }

    /// <summary>A pid is given again: what tells is when the process began.</summary>
    [Fact]
    public void A_process_that_has_ended_is_succeeded()
    {
        File.WriteAllText(_lock + ".3", (ProcessName.Own with { Started = ProcessName.Own.Started - 1 }).ToString());

        OwnerFile.Take(_lock);

        Assert.Equal(_lock + ".4", Assert.Single(Directory.GetFiles(Path.GetDirectoryName(_lock)!)));
        Assert.Throws<EmergenceException>(() => OwnerFile.Take(_lock));
    }

    [Fact]
    public void Of_many_that_find_the_owner_gone_one_succeeds_it()
    {
        for (var round = 0; round < 500; round++)
        {
            var path = Path.Combine(TestData.TemporaryFolder(), "run.lock");
            File.WriteAllText(path + ".1", (ProcessName.Own with { Started = 1 }).ToString());
            var taken = 0;
            Parallel.For(0, 8, _ =>
            {
                try
                {
                    OwnerFile.Take(path);
                    Interlocked.Increment(ref taken);
                }
                catch (EmergenceException)
                {
                }
            });
            Assert.Equal(1, taken);
        }
    }
}
