using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using Emergence.Messages;

namespace Emergence.Hub;

/// <summary>A failure that may be gone at the next attempt.</summary>
/// <param name="what">What happened, in words.</param>
/// <param name="wait">How long the server asks to wait; null: it does not say.</param>
/// <param name="inner">The cause.</param>
internal sealed class HubTransientException(string what, TimeSpan? wait = null, Exception? inner = null) : Exception(what, inner)
{
    public TimeSpan? Wait => wait;

    /// <summary>A signed address that is not accepted any more: the hub gives a fresh one.</summary>
    public bool IsExpiredAddress { get; init; }
}

/// <summary>An answer with a body that has not been read yet.</summary>
/// <param name="Response">Response of the last address; the caller disposes it.</param>
/// <param name="Digest">What the hub says the file's bytes are, from its first answer; null if it says nothing.</param>
/// <param name="Commit">Commit that the hub's first answer is about.</param>
/// <param name="Place">Where the body comes from, without the query that signs it.</param>
internal sealed record HubAnswer(HttpResponseMessage Response, string? Digest, string? Commit, string Place);

/// <summary>
/// Requests to one hub: redirects followed by hand, the token sent to the hub's own origin alone, every failure either
/// transient or named in one line.
/// </summary>
internal sealed class HubConnection : IDisposable
{
    private const int MostRedirects = 10;
    private readonly HubSettings _settings;
    private readonly HttpClient _client;
    private readonly (string Secret, string Place)? _token;

    public HubConnection(HubSettings settings)
    {
        _settings = settings;
        _token = settings.Token();
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            ConnectTimeout = settings.AnswerTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var version = typeof(
            HubConnection).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("emergence", version));
    }

    /// <summary>Whether a token would cross a network in the clear.</summary>
    public bool ExposesToken => _token != null && _settings.Endpoint.Scheme == "http" && !_settings.Endpoint.IsLoopback;

    /// <summary>An address below the endpoint.</summary>
    /// <param name="path">Escaped already, beginning with a slash.</param>
    public Uri Address(string path) => Exact(_settings.Endpoint.ToString().TrimEnd('/') + path);

    /// <summary>Whether an address is the hub's own.</summary>
    public bool IsOfHub(Uri address) =>
        address.Scheme == _settings.Endpoint.Scheme && address.Host == _settings.Endpoint.Host && address.Port == _settings.Endpoint.Port;

    /// <summary>GET, redirects followed.</summary>
    /// <param name="address">On the hub.</param>
    /// <param name="subject">Model, revision and file, for messages.</param>
    /// <param name="from">First byte wanted.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<HubAnswer> Get(Uri address, HubSubject subject, long from, CancellationToken cancellation)
    {
        string? digest = null, commit = null;
        var isTrusted = true;
        for (var hop = 0; ; hop++)
        {
            // Never again after another host: whoever sent us back must not have the token follow.
            isTrusted &= IsOfHub(address);
            var response = await Send(address, isTrusted, from, subject, cancellation).ConfigureAwait(false);
            if (IsOfHub(address))
            {
                digest ??= Header(response, "X-Linked-ETag") ?? Header(response, "ETag");
                commit ??= Header(response, "X-Repo-Commit");
            }

            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308))
                return new(response, digest?.Replace("W/", "").Trim('"'), commit, address.GetLeftPart(UriPartial.Path));
            using (response)
            {
                if (hop == MostRedirects)
                    throw subject.Refuse($"{_settings.Endpoint} redirects more than {MostRedirects} times", ExitCode.Failed);
                address = Next(address, response, subject);
            }
        }
    }

    /// <summary>What an answer means that is not the file; a <see cref="HubTransientException"/> if trying again may help.</summary>
    public Exception Failure(HttpResponseMessage response, Uri address, HubSubject subject)
    {
        var status = (int)response.StatusCode;
        if (!IsOfHub(address) && status is 400 or 403)
            return new HubTransientException($"the signed address is not accepted any more (status {status})") { IsExpiredAddress = true };
        if (status is 408 or 429 or 500 or 502 or 503 or 504)
            return new HubTransientException(status == 429 ? "the hub asks to slow down (status 429)"
                : $"{address.Host} answers with status {status}", AskedWait(response));
        return Refusal(status, Header(response, "X-Error-Code") ?? "", Header(response, "X-Error-Message") ?? "", subject);
    }

    /// <summary>The next bytes of a body, 0 at its end; a body that stands still or breaks off is transient.</summary>
    public async Task<int> Read(Stream body, Memory<byte> bytes, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_settings.BodyTimeout);
        try
        {
            return await body.ReadAsync(bytes, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new HubTransientException($"no byte within {_settings.BodyTimeout.TotalSeconds:0} s", inner: error);
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            throw new HubTransientException($"the connection broke off ({Printable.Escape(error.Message)})", inner: error);
        }
    }

    public void Dispose() => _client.Dispose();

    /// <summary>A header as it came; null if it is absent.</summary>
    public static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values)
            || response.Content.Headers.NonValidated.TryGetValues(name, out values)
            ? values.ToString()
            : null;

    private async Task<HttpResponseMessage> Send(Uri address, bool isTrusted, long from, HubSubject subject,
        CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        if (from > 0)
            request.Headers.TryAddWithoutValidation("Range", string.Create(CultureInfo.InvariantCulture, $"bytes={from}-"));

        if (isTrusted && _token is { } token)
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token.Secret);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_settings.AnswerTimeout);
        try
        {
            return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new HubTransientException($"no answer from {address.Host} within {_settings.AnswerTimeout.TotalSeconds:0} s",
                inner: error);
        }
        catch (HttpRequestException error)
        {
            throw Unreachable(error, address, subject);
        }
    }

    private Exception Unreachable(HttpRequestException error, Uri address, HubSubject subject) => error.HttpRequestError switch
    {
        HttpRequestError.SecureConnectionError =>
            subject.Refuse(
                $"the certificate of {address.Host} is not accepted: if a proxy of this network signs it, name its certificates in "
                + $"SSL_CERT_FILE", ExitCode.Usage),
        HttpRequestError.ProxyTunnelError =>
            subject.Refuse("the proxy refuses the connection: see HTTPS_PROXY and its name and password", ExitCode.Usage),
        HttpRequestError.NameResolutionError when IsUnknownHost(error) =>
            subject.Refuse($"no host is named {address.Host}: see HF_ENDPOINT ({_settings.Endpoint}) and the network", ExitCode.TryAgain),
        _ => new HubTransientException(
            $"{address.Host} cannot be reached ({Printable.Escape(error.InnerException?.Message ?? error.Message)})", inner: error),
    };

    private static bool IsUnknownHost(HttpRequestException error) =>
        error.InnerException is System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.HostNotFound };

    private static Uri Next(Uri address, HttpResponseMessage response, HubSubject subject)
    {
        var text = Header(response, "Location") ?? throw subject.Refuse("a redirect does not say where to", ExitCode.Failed);
        var next = text.StartsWith('/') && !text.StartsWith("//", StringComparison.Ordinal)
            ? Exact(address.GetLeftPart(UriPartial.Authority) + text)
            : text.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
                || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
                ? Exact(text)
                : throw subject.Refuse($"a redirect leads to {Printable.Quote(text.Split('?')[0])}, which is no address", ExitCode.Failed);
        return address.Scheme == "https" && next.Scheme == "http"
            ? throw subject.Refuse($"{address.Host} redirects from https to http ({next.Host}): refused", ExitCode.Failed)
            : next;
    }

    // Escapes stay as they were sent: they are part of what a signature covers.
    private static Uri Exact(string text) =>
        Uri.TryCreate(text, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }, out var uri)
            ? uri
            : throw new EmergenceException($"{Printable.Quote(text.Split('?')[0])} is no address");

    /// <summary>Retry-After in seconds or as a date, else the time until the RateLimit header's budget is renewed.</summary>
    private static TimeSpan? AskedWait(HttpResponseMessage response)
    {
        if (response.Headers.RetryAfter is { } retry)
            return retry.Delta ?? (retry.Date is { } date ? date - DateTimeOffset.UtcNow : null);
        var fields = Header(response, "RateLimit")?.Split(';') ?? [];
        return fields.Contains("r=0") && fields.FirstOrDefault(field => field.StartsWith("t=", StringComparison.Ordinal)) is { } time
            && int.TryParse(time[2..], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds + 1)
            : null;
    }

    private EmergenceException Refusal(int status, string code, string message, HubSubject subject)
    {
        var isRefused = message.Contains("Invalid credentials", StringComparison.OrdinalIgnoreCase);
        var page = $"{_settings.Endpoint.ToString().TrimEnd('/')}/{subject.Model.Name}";
        return (status, code) switch
        {
            (401, _) when isRefused && _token is { } token =>
                subject.Refuse($"the token in {token.Place} is not accepted: renew it, or unset it for a public model"),
            (401, "GatedRepo") => subject.Refuse("gated: log in, accept the conditions on the model's page, set HF_TOKEN"),
            (403, "GatedRepo") => subject.Refuse($"gated: this token's account has no access yet: ask for it on the model's page {page}"),
            (403, _) => subject.Refuse("the token lacks the permission to read this repository"),
            (404, "RevisionNotFound") =>
                subject.Refuse($"no revision {Printable.Quote(subject.Model.Revision)}: see the branches and tags on {page}"),
            (404, "EntryNotFound") => subject.Refuse("not there at this commit"),
            (401 or 404, _) => subject.Refuse(_token == null
                ? "not found, or private: check the name; if it is private set HF_TOKEN to a token that may read it"
                : "not found, or this token may not read it"),
            (407, _) => subject.Refuse("the proxy asks for a name and password: see HTTPS_PROXY"),
            (451, _) => subject.Refuse("not available for legal reasons (status 451)"),
            _ =>
                subject.Refuse(
                $"{_settings.Endpoint.Host} answers with status {status}{(message.Length > 0 ? $": {Printable.Escape(message)}" : "")}",
                ExitCode.Failed),
        };
    }
}

/// <summary>What a request is about, for messages.</summary>
/// <param name="Model">Repository and revision.</param>
/// <param name="File">The file; null: the model as a whole.</param>
internal sealed record HubSubject(HubReference Model, string? File = null)
{
    public EmergenceException Refuse(string what, ExitCode code = ExitCode.Usage) =>
        new($"{Model}{(File == null ? "" : $", {Printable.Escape(File)}")}: {what}", code);
}
