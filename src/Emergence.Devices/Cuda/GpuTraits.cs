namespace Emergence.Devices.Cuda;

/// <summary>What code that launches has to know of a GPU.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Capability">Compute capability, 90 for 9.0.</param>
/// <param name="MultiprocessorCount">Multiprocessors, which run blocks side by side.</param>
/// <param name="SharedBytesLimit">Dynamic shared memory that a block can ask for.</param>
internal sealed record GpuTraits(string Name, int Capability, int MultiprocessorCount, int SharedBytesLimit)
{
    private const int WarpgroupCapability = 90, BlocksOfCluster = 2;

    public static readonly GpuTraits A100 = new("A100", 80, 108, 163 * 1024);

    public static readonly GpuTraits H100 = new("H100", WarpgroupCapability, 132, 227 * 1024);

    public static readonly GpuTraits H200 = H100 with { Name = "H200" };

    /// <summary>Whether products are those of kernels/sm90: by warpgroups and the copy engine.</summary>
    public bool HasWarpgroups { get; init; } = Capability == WarpgroupCapability;

    /// <summary>Blocks of a cluster that share what they load: two; one if there is a single row of tiles.</summary>
    public static int ClusterOf(int rows, int tileRows) => rows <= tileRows ? 1 : BlocksOfCluster;

    /// <summary>Clusters of so many blocks that run side by side.</summary>
    public int Clusters(int cluster) => Math.Max(1, MultiprocessorCount / cluster);

    /// <summary>
    /// A grid of as many clusters as run side by side, which walk over the items of the work; of fewer if there are fewer items.
    /// </summary>
    public Grid Walk(int cluster, int items) => new(cluster * Math.Min(items, Clusters(cluster)));
}
