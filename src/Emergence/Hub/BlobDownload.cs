using System.Buffers;

namespace Emergence.Hub;

/// <summary>Fetches one file into its blob: resumed, tried again, and checked against its digest before it gets its name.</summary>
internal sealed class BlobDownload(HubConnection connection, HubSettings settings, CachedRepository repository, HubReference model,
    string commit, HubFile file, DownloadProgress progress)
{
    private const int Piece = 256 << 10, MostAddresses = 3, Shown = 12;
    private readonly HubSubject _subject = new(model, file.Path);

    public async Task Run(CancellationToken cancellation)
    {
        if (!repository.HasBlob(file))
        {
            using var held = await BlobLock.Take(repository.Lock(file.Digest), progress.Say, cancellation).ConfigureAwait(false);
            if (!repository.HasBlob(file))
            {
                if (File.Exists(repository.Blob(file.Digest)))
                    progress.Say($"{file.Path} in the cache has another size than the hub says: fetched anew");
                using var partial = new PartialBlob(repository.Blob(file.Digest), file, isShared: held.IsHeld);
                await Complete(partial, cancellation).ConfigureAwait(false);
                partial.Publish(repository.Blob(file.Digest));
            }
        }

        repository.Place(commit, file, settings.UsesLinks);
        progress.Finish(file);
    }

    /// <summary>Attempts until the bytes are the right ones; the second time they are wrong is the last.</summary>
    private async Task Complete(PartialBlob partial, CancellationToken cancellation)
    {
        var (failures, addresses, isSecond) = (0, 0, false);
        while (true)
        {
            if (partial.IsComplete)
            {
                var digest = partial.Digest();
                if (digest == file.Digest)
                    return;
                partial.StartOver();
                if (isSecond)
                    throw Wrong(partial, digest);
                isSecond = true;
            }

            var before = partial.Length;
            try
            {
                await Attempt(partial, cancellation).ConfigureAwait(false);
            }
            catch (HubTransientException error) when (error.IsExpiredAddress)
            {
                if (++addresses > MostAddresses)
                    throw _subject.Refuse($"{error.Message}, {addresses} times: try again later", ExitCode.TryAgain);
                if (addresses == MostAddresses)
                    partial.StartOver();
            }
            catch (HubTransientException error)
            {
                failures = partial.Length > before ? 0 : failures;
                if (RetryWait.Next(settings, error, failures++) is not { } wait)
                    throw _subject.Refuse($"{RetryWait.GivenUp(error, failures)}; {partial.Length:N0} of {file.Size:N0} bytes are kept",
                        ExitCode.TryAgain);
                progress.Say($"{file.Path}: {error.Message}; trying again");
                await Task.Delay(wait, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Asks for the bytes that are missing; that they fit those before is proved by the digest of the whole.</summary>
    private async Task Attempt(PartialBlob partial, CancellationToken cancellation)
    {
        var from = partial.Length;
        var path = string.Join('/', file.Path.Split('/').Select(Uri.EscapeDataString));
        var address = connection.Address($"/{model.Name}/resolve/{commit}/{path}");
        var answer = await connection.Get(address, _subject, from, cancellation).ConfigureAwait(false);
        using var response = answer.Response;
        var source = response.RequestMessage!.RequestUri!;
        if (response.IsSuccessStatusCode && response.Content.Headers.ContentType?.MediaType == "text/html")
            throw _subject.Refuse("the answer is an HTML page (a login page of this network?)", ExitCode.Failed);
        switch ((int)response.StatusCode)
        {
            case 200:
                RequireExpected(answer);
                if (from > 0)
                    partial.StartOver();
                break;
            case 206 when response.Content.Headers.ContentRange is { } range && range.From == from && range.Length == file.Size:
                RequireExpected(answer);
                break;
            case 206 or 416:
                partial.StartOver();
                throw new HubTransientException(
                    $"{source.Host} does not answer for the bytes that are missing (status {(int)response.StatusCode})");
            default:
                throw connection.Failure(response, source, _subject);
        }

        if (response.Content.Headers.ContentEncoding.Any(coding => coding != "identity"))
            throw _subject.Refuse("expected the file as it is, found it compressed: a proxy changes it", ExitCode.Failed);
        await Read(response, partial, cancellation).ConfigureAwait(false);
    }

    private async Task Read(HttpResponseMessage response, PartialBlob partial, CancellationToken cancellation)
    {
        using var body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var piece = ArrayPool<byte>.Shared.Rent(Piece);
        try
        {
            while (true)
            {
                var count = await connection.Read(body, piece.AsMemory(0, Piece), cancellation).ConfigureAwait(false);
                if (count == 0)
                    break;
                if (partial.Length + count > file.Size)
                {
                    partial.StartOver();
                    throw new HubTransientException($"the body is longer than the {file.Size:N0} bytes that the hub lists");
                }

                await partial.Append(piece.AsMemory(0, count), cancellation).ConfigureAwait(false);
                progress.Advance(file, count);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }

        if (!partial.IsComplete)
            throw new HubTransientException($"the body ended after {partial.Length:N0} of {file.Size:N0} bytes");
    }

    /// <summary>The listing and the file's own answer must speak of the same bytes: else a branch moved, or a mirror is wrong.</summary>
    private void RequireExpected(HubAnswer answer)
    {
        if (answer.Digest == null || answer.Commit == null)
            throw _subject.Refuse($"HF_ENDPOINT ({settings.Endpoint}) does not answer like a hub: no X-Repo-Commit or ETag",
                ExitCode.Failed);
        if (answer.Digest != file.Digest || answer.Commit != commit)
            throw _subject.Refuse("the server's listing and its file disagree", ExitCode.Failed);
    }

    private EmergenceException Wrong(PartialBlob partial, string digest)
    {
        partial.Delete();
        var kind = file.IsSha256 ? "SHA-256" : "git hash";
        return _subject.Refuse(
            $"arrived twice with {kind} {digest[..Shown]}..., expected {file.Digest[..Shown]}...: the server or a proxy changes it",
            ExitCode.Failed);
    }
}
