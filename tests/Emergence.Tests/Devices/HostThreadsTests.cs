using Emergence.Devices;
using Emergence.Tests.Cli;

namespace Emergence.Tests.Devices;

public sealed class HostThreadsTests
{
    [Theory]
    [InlineData(8, null, null, 8)]
    [InlineData(8, "2", "4", 2)]
    [InlineData(8, null, "4", 4)]
    [InlineData(8, "16", null, 8)]
    [InlineData(8, "many", "0", 8)]
    public void A_scheduler_gives_fewer(int processors, string? perTask, string? onNode, int expected) =>
        Assert.Equal(expected, HostThreads.Of(processors, name =>
            name switch { "SLURM_CPUS_PER_TASK" => perTask, "SLURM_CPUS_ON_NODE" => onNode, _ => null }));

    [Fact]
    public void The_program_keeps_to_what_is_allocated() =>
        Assert.Contains(", 1 thread\"", Child.Run([("SLURM_CPUS_PER_TASK", "1")], ["devices", "--json"]).Out);
}
