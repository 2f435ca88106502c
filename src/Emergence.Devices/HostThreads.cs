using System.Globalization;

namespace Emergence.Devices;

/// <summary>How many threads of the host this process may keep busy.</summary>
public static class HostThreads
{
    /// <summary>
    /// Processors of the machine as far as affinity and control groups let this process have them; under Slurm no more than
    /// it allocated, which it does not enforce everywhere (TaskPlugin=task/none).
    /// </summary>
    public static int Allocated { get; } = Of(Environment.ProcessorCount, Environment.GetEnvironmentVariable);

    internal static int Of(int processors, Func<string, string?> variable)
    {
        // The first is there where a job says --cpus-per-task; the second counts for all tasks of the node.
        foreach (var name in new[] { "SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE" })
        {
            if (int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var allocated) && allocated > 0)
                return Math.Min(processors, allocated);
        }

        return processors;
    }
}
