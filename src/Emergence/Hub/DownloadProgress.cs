namespace Emergence.Hub;

/// <summary>Told what a download does; calls may come from several threads.</summary>
internal abstract class DownloadProgress
{
    /// <summary>Before the first byte: what will be fetched.</summary>
    /// <param name="plan">Files and sizes.</param>
    public abstract void Begin(DownloadPlan plan);

    /// <summary>More bytes of a file have arrived.</summary>
    /// <param name="file">Which.</param>
    /// <param name="bytes">How many.</param>
    public abstract void Advance(HubFile file, long bytes);

    /// <summary>A file is complete and its digest is right.</summary>
    public abstract void Finish(HubFile file);

    /// <summary>Something a user should know, in one sentence.</summary>
    public abstract void Say(string what);
}

/// <summary>What a download comes to.</summary>
/// <param name="Model">Repository and revision.</param>
/// <param name="Commit">40 hex digits.</param>
/// <param name="Missing">Files to fetch.</param>
/// <param name="Cached">Files that are here already.</param>
/// <param name="Partial">Bytes of the missing files that an earlier attempt left.</param>
internal sealed record DownloadPlan(HubReference Model, string Commit, IReadOnlyList<HubFile> Missing, IReadOnlyList<HubFile> Cached,
    long Partial)
{
    /// <summary>Bytes to fetch.</summary>
    public long Bytes => Missing.Sum(file => file.Size) - Partial;
}
