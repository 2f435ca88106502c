using System.Buffers;
using System.Text.Json;
using Emergence.Messages;

namespace Emergence.Hub;

/// <summary>
/// Fetches what a measurement reads of a model into the cache that the Python client shares: the commit of a revision, its
/// listing, then the files that are missing, small ones before weights, and last the ref that leads to them.
/// </summary>
/// <param name="model">Repository and revision.</param>
/// <param name="settings">Hub and cache.</param>
/// <param name="progress">Told what is going on.</param>
internal sealed class ModelDownload(HubReference model, HubSettings settings, DownloadProgress progress)
{
    private const int FilesAtOnce = 4;
    private const long LargestRevision = 4 << 20, SmallFile = 16 << 20;
    private readonly CachedRepository _repository = new(settings.Cache, model.Name);
    private readonly HubSubject _subject = new(model);

    /// <summary>Whether the cache holds what a measurement reads of the model, at the commit that its revision last stood for.</summary>
    public static bool IsCached(HubReference model, HubSettings settings)
    {
        var repository = new CachedRepository(settings.Cache, model.Name);
        return repository.Commit(model) is { } commit && NeededFiles.Missing(model.ToString(), repository.Snapshot(commit)) == null;
    }

    /// <summary>The folder of a complete snapshot; files that are missing are fetched.</summary>
    /// <param name="planned">Told the plan before the first byte; false ends there.</param>
    /// <param name="cancellation">Ends the work soon; partial files are kept.</param>
    /// <returns>The snapshot's folder; null if <paramref name="planned"/> said no.</returns>
    public async Task<string?> Run(Func<DownloadPlan, bool> planned, CancellationToken cancellation)
    {
        if (settings.IsOffline)
            return Offline();
        using var connection = new HubConnection(settings);
        if (connection.ExposesToken)
            progress.Say($"the token crosses the network in the clear: HF_ENDPOINT ({settings.Endpoint}) is http");
        string commit;
        try
        {
            commit = model.IsCommit ? model.Revision
                : IsCached(model, settings) ? await Resolve(connection, cancellation).ConfigureAwait(false)
                : await Patiently(() => Resolve(connection, cancellation), cancellation).ConfigureAwait(false);
        }
        catch (HubTransientException error)
        {
            return FromCache(error);
        }

        if (NeededFiles.Missing(model.ToString(), _repository.Snapshot(commit)) == null)
        {
            _repository.SetRef(model, commit);
            return _repository.Snapshot(commit);
        }

        var listing = _repository.Listing(commit) ?? await List(connection, commit, cancellation).ConfigureAwait(false);
        var files = NeededFiles.First(model.ToString(), listing);
        if (!await FetchAll(connection, commit, files, listing, planned, cancellation).ConfigureAwait(false))
            return null;
        _repository.SetRef(model, commit);
        return _repository.Snapshot(commit);
    }

    /// <summary>The snapshot that is here; no connection may be made.</summary>
    private string Offline()
    {
        var place = $"in the cache {Printable.Escape(settings.Cache)}";
        const string Mend = "fetch it without HF_HUB_OFFLINE and --offline";
        var commit = _repository.Commit(model) ?? throw _subject.Refuse($"not {place}: {Mend}");
        return NeededFiles.Missing(model.ToString(), _repository.Snapshot(commit)) is { } missing
            ? throw _subject.Refuse($"{missing} is not {place}: {Mend}")
            : _repository.Snapshot(commit);
    }

    /// <summary>A complete snapshot is enough if the hub is out of reach; that it may be an older one is said.</summary>
    private string FromCache(HubTransientException error)
    {
        var commit = _repository.Commit(model)!;
        progress.Say($"{model}: {error.Message}; taking commit {commit} from the cache");
        return _repository.Snapshot(commit);
    }

    private async Task<string> Resolve(HubConnection connection, CancellationToken cancellation)
    {
        var path = $"/api/models/{model.Name}/revision/{Uri.EscapeDataString(model.Revision)}";
        var body = await Text(connection, connection.Address(path), LargestRevision, null, cancellation).ConfigureAwait(false);
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.TryGetProperty("disabled", out var disabled) && disabled.ValueKind == JsonValueKind.True)
                throw _subject.Refuse("the hub has disabled this repository");
            return json.RootElement.GetProperty("sha").GetString() is { } sha && HubReference.IsCommitHash(sha)
                ? sha
                : throw _subject.Refuse($"HF_ENDPOINT ({settings.Endpoint}) does not answer like a hub: expected a commit of 40 hex digits",
                    ExitCode.Failed);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw _subject.Refuse($"HF_ENDPOINT ({settings.Endpoint}) does not answer like a hub: expected JSON with a commit",
                ExitCode.Failed);
        }
    }

    private async Task<IReadOnlyDictionary<string, HubFile>> List(HubConnection connection, string commit, CancellationToken cancellation)
    {
        var files = new Dictionary<string, HubFile>(StringComparer.Ordinal);
        var entries = 0;
        Uri? next = connection.Address($"/api/models/{model.Name}/tree/{commit}?recursive=true&expand=false");
        for (var page = 0; next != null; page++)
        {
            if (page == HubListing.MostPages)
                throw _subject.Refuse($"the listing has over {HubListing.MostPages:N0} pages: not a model this program reads",
                    ExitCode.Failed);
            var address = next;
            next = null;
            var body = await Patiently(() =>
                Text(connection, address, HubListing.LargestPage, link => next = link, cancellation), cancellation).ConfigureAwait(false);
            HubListing.Add(model.ToString(), body, files, ref entries);
        }

        return files;
    }

    /// <summary>Body of an answer that is small by its nature.</summary>
    private async Task<byte[]> Text(HubConnection connection, Uri address, long most, Action<Uri>? next, CancellationToken cancellation)
    {
        var answer = await connection.Get(address, _subject, 0, cancellation).ConfigureAwait(false);
        using var response = answer.Response;
        if ((int)response.StatusCode != 200)
            throw connection.Failure(response, address, _subject);
        if (next != null && NextPage(HubConnection.Header(response, "Link")) is { } link && connection.IsOfHub(link))
            next(link);
        using var body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        for (var bytes = new ArrayBufferWriter<byte>(); ;)
        {
            var count = await connection.Read(body, bytes.GetMemory(1 << 16), cancellation).ConfigureAwait(false);
            if (count == 0)
                return bytes.WrittenSpan.ToArray();
            bytes.Advance(count);
            if (bytes.WrittenCount > most)
                throw _subject.Refuse($"an answer of {settings.Endpoint} is over {most:N0} bytes: not what a hub sends", ExitCode.Failed);
        }
    }

    private async Task<T> Patiently<T>(Func<Task<T>> ask, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await ask().ConfigureAwait(false);
            }
            catch (HubTransientException error)
            {
                if (RetryWait.Next(settings, error, attempt) is not { } wait)
                    throw _subject.Refuse(
                        $"{RetryWait.GivenUp(error, attempt + 1)}; see the network, HF_ENDPOINT ({settings.Endpoint}) and HTTPS_PROXY",
                        ExitCode.TryAgain);
                progress.Say($"{model}: {error.Message}; trying again");
                await Task.Delay(wait, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task<bool> FetchAll(
        HubConnection connection,
        string commit,
        IReadOnlyList<HubFile> files,
        IReadOnlyDictionary<string, HubFile> listing,
        Func<DownloadPlan, bool> planned,
        CancellationToken cancellation)
    {
        // An index is small and says which shards there are, so it is fetched before the plan is made.
        if (files.FirstOrDefault(file => file.Path == NeededFiles.Index) is { } index)
        {
            Prepare();
            await Fetch(connection, commit, [index], cancellation).ConfigureAwait(false);
            var shards = NeededFiles.Shards(model.ToString(), Path.Combine(_repository.Snapshot(commit), NeededFiles.Index));
            files = [.. files, .. shards.Select(shard => listing.GetValueOrDefault(shard)
                ?? throw _subject.Refuse($"{NeededFiles.Index} names {Printable.Quote(shard)}, which is not listed", ExitCode.Failed))];
        }

        var (cached, missing) = (new List<HubFile>(), new List<HubFile>());
        foreach (var file in files)
            (_repository.Holds(commit, file) ? cached : missing).Add(file);
        var plan = new DownloadPlan(model, commit, missing, cached, missing.Sum(Partial));
        if (!planned(plan))
            return false;
        Prepare();
        RequireSpace(plan);
        progress.Begin(plan);
        await Fetch(connection, commit, missing.Where(file => file.Size <= SmallFile), cancellation).ConfigureAwait(false);
        await Fetch(connection, commit, missing.Where(file => file.Size > SmallFile).OrderByDescending(file => file.Size), cancellation)
            .ConfigureAwait(false);
        return true;
    }

    private Task Fetch(HubConnection connection, string commit, IEnumerable<HubFile> files, CancellationToken cancellation) =>
        Parallel.ForEachAsync(
            files,
            new ParallelOptions { MaxDegreeOfParallelism = FilesAtOnce, CancellationToken = cancellation },
            async (file, token) => await new BlobDownload(connection, settings, _repository, model, commit, file, progress).Run(token)
                .ConfigureAwait(false));

    private long Partial(HubFile file)
    {
        if (_repository.HasBlob(file))
            return file.Size;
        var partial = new FileInfo(PartialBlob.SharedName(_repository.Blob(file.Digest)));
        return partial.Exists ? Math.Min(partial.Length, file.Size) : 0;
    }

    private void Prepare()
    {
        try
        {
            _repository.Prepare();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EmergenceException(
                $"the cache {Printable.Escape(settings.Cache)} cannot be written ({Printable.Escape(error.Message)}): "
                    + "set HF_HUB_CACHE to a folder that can",
                ExitCode.Disk,
                error);
        }
    }

    private void RequireSpace(DownloadPlan plan)
    {
        var free = new DriveInfo(Path.GetFullPath(settings.Cache)).AvailableFreeSpace;
        if (free < plan.Bytes)
            throw new EmergenceException(
                $"{model} needs {plan.Bytes:N0} bytes in {Printable.Escape(settings.Cache)}, {free:N0} are free: "
                    + "free space or set HF_HUB_CACHE",
                ExitCode.Disk);
    }

    /// <summary>The address of <c>Link: &lt;...&gt;; rel="next"</c>.</summary>
    private static Uri? NextPage(string? links)
    {
        foreach (var link in links?.Split(',') ?? [])
        {
            var parts = link.Split(';', StringSplitOptions.TrimEntries);
            if (parts.Contains("rel=\"next\"") && parts[0].StartsWith('<') && parts[0].EndsWith('>')
                && Uri.TryCreate(parts[0][1..^1], UriKind.Absolute, out var uri))
                return uri;
        }

        return null;
    }
}
