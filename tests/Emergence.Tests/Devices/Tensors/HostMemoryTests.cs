using Emergence.Devices.Tensors;

namespace Emergence.Tests.Devices.Tensors;

public sealed class HostMemoryTests
{
    private readonly string _root = TestData.TemporaryFolder();

    [Fact]
    public void Without_limits_the_machine_decides()
    {
        Put("proc/meminfo", "MemTotal:       24000000 kB\nMemFree:          1000 kB\nMemAvailable:    8000000 kB\n");
        Assert.Equal(8_192_000_000, HostMemory.AvailableBytes(_root));
        Put("proc/self/cgroup", "0::/\n");
        Assert.Equal(8_192_000_000, HostMemory.AvailableBytes(_root));
    }

    [Fact]
    public void A_control_group_above_this_one_may_be_the_tightest()
    {
        Put("proc/meminfo", "MemAvailable:    8000000 kB\n");
        Put("proc/self/cgroup", "0::/user/job\n");
        Put("sys/fs/cgroup/user/job/memory.max", "max\n");
        Put("sys/fs/cgroup/user/job/memory.current", "100\n");
        Put("sys/fs/cgroup/user/memory.max", "4000000000\n");
        Put("sys/fs/cgroup/user/memory.current", "3000000000\n");
        Put("sys/fs/cgroup/user/memory.stat", "anon 7\ninactive_file 500000000\nactive_file 100000000\n");
        Assert.Equal(1_600_000_000, HostMemory.AvailableBytes(_root));
    }

    [Fact]
    public void The_older_controller_is_read_too()
    {
        Put("proc/meminfo", "MemAvailable:    8000000 kB\n");
        Put("proc/self/cgroup", "5:cpu,memory:/hidden/from/the/container\n1:name=systemd:/\n");
        Put("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000000000\n");
        Put("sys/fs/cgroup/memory/memory.usage_in_bytes", "1500000000\n");
        Put("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 200000000\n");
        Assert.Equal(700_000_000, HostMemory.AvailableBytes(_root));
    }

    [Fact]
    public void This_machine_has_some_but_not_more_than_all()
    {
        Assert.InRange(HostMemory.AvailableBytes(), 1, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes * 4);
    }

    private void Put(string path, string text)
    {
        var full = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
