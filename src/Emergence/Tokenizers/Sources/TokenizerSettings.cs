using System.Globalization;
using Emergence.Tokenizers.Added;
using Emergence.Tokenizers.Processors;

namespace Emergence.Tokenizers.Sources;

/// <summary>
/// What lies beside the vocabulary: tokenizer_config.json and, if it does not list the added tokens itself, added_tokens.json and
/// special_tokens_map.json. Which tokens have a role, which are added, and what files without a post-processor of their own
/// put around a text.
/// </summary>
internal sealed class TokenizerSettings
{
    private static readonly string[] s_roles =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    // Lists of more special tokens, in old files and in new ones.
    private static readonly string[] s_more = ["additional_special_tokens", "extra_special_tokens"];

    private readonly Dictionary<string, AddedToken> _roles = [];
    private readonly Dictionary<string, AddedToken> _more = [];
    private readonly Dictionary<string, bool> _flags = [];
    private readonly List<AddedToken> _listed = [];
    private readonly List<TokenizerFile> _files = [];

    private TokenizerSettings()
    {
    }

    /// <summary>tokenizer_config.json, null if there is none.</summary>
    public TokenizerFile? Config { get; private set; }

    /// <summary>All files that were read.</summary>
    public IReadOnlyList<TokenizerFile> Files => _files;

    /// <summary>Name of the class these files were made for, e.g. "GPT2Tokenizer".</summary>
    public string? ClassName { get; private set; }

    /// <summary>Added tokens with ids, by id: added_tokens_decoder, else added_tokens.json.</summary>
    public IReadOnlyList<AddedToken> Listed => _listed;

    /// <summary>Tokens that have a role and all other special ones, without ids.</summary>
    public IEnumerable<AddedToken> Named => _roles.OrderBy(pair => Array.IndexOf(s_roles, pair.Key)).Select(pair => pair.Value)
        .Concat(_more.Values).DistinctBy(token => token.Text);

    public static TokenizerSettings Read(string folder)
    {
        var settings = new TokenizerSettings();
        settings.Config = settings.TryRead(folder, "tokenizer_config.json", settings.ReadConfig);
        if (settings._listed.Count == 0)
        {
            settings.TryRead(folder, "special_tokens_map.json", settings.ReadRoles);
            settings.TryRead(folder, "added_tokens.json", settings.ReadAdded);
        }

        settings._listed.Sort((left, right) => left.Id!.Value.CompareTo(right.Id!.Value));
        return settings;
    }

    public bool Flag(string name, bool absent) => _flags.GetValueOrDefault(name, absent);

    /// <summary>Whether a file says anything about it.</summary>
    public bool Says(string flag) => _flags.ContainsKey(flag);

    public bool HasRole(string role) => _roles.ContainsKey(role);

    /// <summary>The token in a role, e.g. "bos_token"; null if the files or the vocabulary do not know it.</summary>
    public int? Find(string role, AddedTokens names) => _roles.TryGetValue(role, out var token) ? names.Find(token.Text) : null;

    /// <summary>The ids put before and after a text when add_bos_token and add_eos_token say so.</summary>
    public PostProcessor PostProcessor(int? begin, int? end, bool addBegin) => new(
        begin is { } first && Flag("add_bos_token", addBegin) ? [first] : [],
        end is { } last && Flag("add_eos_token", false) ? [last] : []);

    private TokenizerFile? TryRead(string folder, string name, Action<JsonField> read)
    {
        var path = Path.Combine(folder, name);
        if (!Path.Exists(path))
            return null;
        var file = TokenizerFile.Read(path);
        file.ReadJson(root =>
        {
            read(root);
            return true;
        });
        _files.Add(file);
        return file;
    }

    private void ReadConfig(JsonField root)
    {
        ClassName = root["tokenizer_class"].OptionalText();
        foreach (var name in (string[])["add_bos_token", "add_eos_token", "add_prefix_space", "legacy"])
        {
            if (!root[name].IsNull)
                _flags.Add(name, root[name].Flag(absent: false));
        }

        if (!root["added_tokens_decoder"].IsNull)
        {
            foreach (var (id, token) in root["added_tokens_decoder"].Fields())
            {
                if (!int.TryParse(id, CultureInfo.InvariantCulture, out var number) || number is < 0 or >= Vocabulary.MaximumEntries)
                    throw root["added_tokens_decoder"].Error($"an object whose keys are ids from 0 to {Vocabulary.MaximumEntries - 1}");
                _listed.Add(AddedToken.FromJson(token, number));
            }
        }

        ReadRoles(root);
    }

    /// <summary>A role is filled by a text or by {"content": text, ...}; a later file overrules an earlier one.</summary>
    private void ReadRoles(JsonField root)
    {
        foreach (var name in s_roles)
        {
            if (Token(root[name]) is { } token)
                _roles[name] = token;
        }

        foreach (var name in s_more)
        {
            var tokens = root[name].IsObject ? root[name].Fields().Select(field => field.Value) : root[name].Items();
            foreach (var token in tokens.Select(Token).OfType<AddedToken>())
                _more[token.Text] = token;
        }
    }

    private void ReadAdded(JsonField root)
    {
        var special = Named.Select(token => token.Text).ToHashSet();
        foreach (var (text, id) in root.Fields())
        {
            var isSpecial = special.Contains(text);
            _listed.Add(new(text, id.Whole(Vocabulary.MaximumEntries - 1)) { Special = isSpecial, Normalized = !isSpecial });
        }
    }

    private AddedToken? Token(JsonField field)
    {
        if (field.IsObject && !field["content"].IsNull)
            return AddedToken.FromJson(field, id: null, special: true);
        return field.OptionalText() is { } text ? _listed.Find(token => token.Text == text) ?? new(text) { Special = true } : null;
    }
}
