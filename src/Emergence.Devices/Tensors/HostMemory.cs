using System.Globalization;

namespace Emergence.Devices.Tensors;

/// <summary>How much memory of the host can still be taken without swapping or being killed.</summary>
public static class HostMemory
{
    /// <summary>What a program itself grows by while it runs: code that is compiled, garbage that is not collected yet.</summary>
    public const long GrowthBytes = 96L << 20;

    /// <summary>By so much at most two starts of a program differ in what they hold at first.</summary>
    public const long VaryingBytes = 32L << 20;

    private const string Unlimited = "max";

    /// <summary>Bytes that are free now: of the machine, and of every control group around this process.</summary>
    public static long AvailableBytes() => AvailableBytes("/");

    /// <summary>Bytes of the machine's memory that this process holds.</summary>
    public static long HeldBytes() => Environment.WorkingSet;

    /// <summary>Gives back what the garbage collector holds for nobody.</summary>
    public static void Collect() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    /// <summary>Bytes that are free now, by /proc and /sys below another root: for tests.</summary>
    internal static long AvailableBytes(string root)
    {
        var meminfo = Path.Combine(root, "proc/meminfo");
        if (!File.Exists(meminfo))
        {
            var info = GC.GetGCMemoryInfo();
            return Math.Max(0, info.TotalAvailableMemoryBytes - info.MemoryLoadBytes);
        }

        var free = Field(meminfo, "MemAvailable:") * 1024;
        var own = Path.Combine(root, "proc/self/cgroup");
        if (free == null || !File.Exists(own))
            return free ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        foreach (var line in File.ReadLines(own))
        {
            // "0::/path" is the unified hierarchy (v2), "5:memory:/path" the old memory controller (v1).
            var parts = line.Split(':', 3);
            if (parts is ["0", "", var unified])
                free = Math.Min(free.Value, FreeOfGroups(Path.Combine(root, "sys/fs/cgroup"), unified, "memory.max", "memory.current", ""));
            else if (parts.Length == 3 && parts[1].Split(',').Contains("memory"))
                free = Math.Min(free.Value, FreeOfGroups(
                    Path.Combine(root, "sys/fs/cgroup/memory"), parts[2], "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"));
        }

        return free.Value;
    }

    /// <summary>The smallest room in a group and all groups above it; a container may show only the mount point.</summary>
    private static long FreeOfGroups(string mount, string path, string limitName, string usageName, string statPrefix)
    {
        var free = long.MaxValue;
        for (var group = path.Trim('/'); ; group = Path.GetDirectoryName(group) ?? "")
        {
            var folder = Path.Combine(mount, group);
            if (Number(Path.Combine(folder, limitName)) is { } limit && Number(Path.Combine(folder, usageName)) is { } usage)
            {
                // Cached file pages count as used but are given back on demand.
                var stat = Path.Combine(folder, "memory.stat");
                var cached = (Field(stat, statPrefix + "inactive_file ") ?? 0) + (Field(stat, statPrefix + "active_file ") ?? 0);
                free = Math.Min(free, Math.Max(0, limit - Math.Max(0, usage - cached)));
            }

            if (group.Length == 0)
                return free;
        }
    }

    private static long? Number(string path)
    {
        if (!File.Exists(path) || File.ReadAllText(path).Trim() is not { Length: > 0 } text || text == Unlimited)
            return null;
        return long.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : null;
    }

    private static long? Field(string path, string name)
    {
        var lines = File.Exists(path) ? File.ReadLines(path) : [];
        if (lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is not { } line)
            return null;
        var value = line[name.Length..].Trim().Split(' ')[0];
        return long.TryParse(value, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
