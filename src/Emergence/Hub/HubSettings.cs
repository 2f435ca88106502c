using System.Globalization;
using System.Text.RegularExpressions;
using Emergence.Messages;

namespace Emergence.Hub;

/// <summary>
/// Where models come from and where they are kept, from the environment variables of the Hugging Face client: HF_ENDPOINT,
/// HF_HUB_CACHE, HF_HOME, HF_TOKEN, HF_HUB_OFFLINE and their kin. A variable that is set to nothing counts as not set.
/// </summary>
internal sealed partial class HubSettings
{
    private const string PublicHub = "https://huggingface.co";
    private readonly Func<string, string?> _environment;

    /// <param name="environment">Looks up a variable; by default among those of this process.</param>
    public HubSettings(Func<string, string?>? environment = null)
    {
        _environment = environment ?? Environment.GetEnvironmentVariable;
        Cache = FindCache();
        IsOffline = Value("HF_HUB_OFFLINE") is { } offline ? IsTrue(offline) : IsTrue(Value("TRANSFORMERS_OFFLINE"));
        UsesLinks = !IsTrue(Value("HF_HUB_DISABLE_SYMLINKS"));
        ShowsProgress = !IsTrue(Value("HF_HUB_DISABLE_PROGRESS_BARS"));
    }

    /// <summary>Folder of the cache that all programs share.</summary>
    public string Cache { get; }

    /// <summary>Address of the hub, without a final slash.</summary>
    public Uri Endpoint => field ??= FindEndpoint();

    /// <summary>Not one connection may be made.</summary>
    public bool IsOffline { get; init; }

    /// <summary>Files of a snapshot are links to blobs.</summary>
    public bool UsesLinks { get; }

    public bool ShowsProgress { get; }

    /// <summary>Longest wait for the answer to a request.</summary>
    public TimeSpan AnswerTimeout => Seconds("HF_HUB_ETAG_TIMEOUT");

    /// <summary>Longest wait for the next byte of a body.</summary>
    public TimeSpan BodyTimeout => Seconds("HF_HUB_DOWNLOAD_TIMEOUT");

    /// <summary>Unit of the waits between attempts; shorter in tests.</summary>
    public TimeSpan RetryUnit { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The secret that the hub knows the user by, and where it was found; null: none. It is never shown.</summary>
    public (string Secret, string Place)? Token()
    {
        if (IsTrue(Value("HF_HUB_DISABLE_IMPLICIT_TOKEN")))
            return null;
        foreach (var name in new[] { "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN" })
        {
            if (Value(name)?.Trim() is { Length: > 0 } set)
                return (Checked(set, name), name);
        }

        var file = Value("HF_TOKEN_PATH") is { } path ? Expand(path) : Path.Combine(Home(), "token");
        if (!File.Exists(file))
            return null;
        try
        {
            var text = File.ReadAllText(file).Trim();
            return text.Length > 0 ? (Checked(text, file), $"the file {Printable.Escape(file)}") : null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }

    // A newline inside would forge a header of the request.
    private static string Checked(string secret, string place) =>
        secret.All(c => c is > ' ' and < '\x7f')
            ? secret
            : throw new EmergenceException($"the token in {Printable.Escape(place)}: expected visible ASCII characters, found others",
                ExitCode.Usage);

    private string? Value(string name) => _environment(name) is { Length: > 0 } value ? value : null;

    private static bool IsTrue(string? value) => value?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    private TimeSpan Seconds(string name)
    {
        const int Default = 10;
        if (Value(name) is not { } word)
            return TimeSpan.FromSeconds(Default);
        return int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds == 0 ? Default : seconds)
            : throw new EmergenceException($"{name}: expected whole seconds, found {Printable.Quote(word)}", ExitCode.Usage);
    }

    private Uri FindEndpoint()
    {
        var word = Value("HF_ENDPOINT")?.TrimEnd('/') ?? PublicHub;
        return Uri.TryCreate(word, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0
            && uri.Query.Length == 0
            ? uri
            : throw new EmergenceException($"HF_ENDPOINT: expected an address such as {PublicHub}, found {Printable.Quote(word)}",
                ExitCode.Usage);
    }

    /// <summary>The first of these places that is set; only that one is looked at, as other programs do.</summary>
    private string FindCache()
    {
        foreach (var name in new[] { "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE" })
        {
            if (Value(name) is { } cache)
                return Expand(cache);
        }

        return Path.Combine(Home(), "hub");
    }

    private string Home() =>
        Value("HF_HOME") is { } own
            ? Expand(own)
            : Path.Combine(Value("XDG_CACHE_HOME") is { } general ? Expand(general) : Path.Combine(UserHome(), ".cache"), "huggingface");

    private string UserHome() => Value("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    /// <summary><c>~</c> and <c>~user</c>, then <c>$NAME</c> and <c>${NAME}</c>; what is not known stays as it is written.</summary>
    private string Expand(string path)
    {
        if (path.StartsWith('~'))
        {
            var end = path.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? slash : path.Length;
            var home = end == 1 ? UserHome() : FolderOfUser(path[1..end]);
            path = home == null ? path : Path.Join(home, path[end..]);
        }

        return Variable().Replace(path, match => _environment(match.Groups["name"].Value) ?? match.Value);
    }

    private static string? FolderOfUser(string user)
    {
        const string Accounts = "/etc/passwd";
        const int HomeField = 5;
        return File.Exists(Accounts)
            ? File.ReadLines(Accounts).Select(line => line.Split(':'))
                .FirstOrDefault(fields => fields.Length > HomeField && fields[0] == user)?[HomeField]
            : null;
    }

    [GeneratedRegex(@"\$(?:(?<name>\w+)|\{(?<name>[^{}]+)\})", RegexOptions.ECMAScript)]
    private static partial Regex Variable();
}
