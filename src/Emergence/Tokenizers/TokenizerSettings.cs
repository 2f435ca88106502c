namespace Emergence.Tokenizers;

/// <summary>
/// tokenizer_config.json, where there is one: which tokens have a role, and what files without a post-processor of their
/// own put around a text.
/// </summary>
internal sealed class TokenizerSettings
{
    private readonly Dictionary<string, string> _tokens = [];
    private readonly Dictionary<string, bool> _flags = [];

    private TokenizerSettings()
    {
    }

    /// <summary>The file, null where there is none.</summary>
    public TokenizerFile? File { get; private init; }

    /// <summary>Name of the class these files were made for, e.g. "GPT2Tokenizer".</summary>
    public string? ClassName => _tokens.GetValueOrDefault("tokenizer_class");

    public static TokenizerSettings Read(string folder)
    {
        var path = Path.Combine(folder, "tokenizer_config.json");
        if (!Path.Exists(path))
            return new();
        var file = TokenizerFile.Read(path);
        var settings = new TokenizerSettings { File = file };
        return file.ReadJson(root =>
        {
            foreach (var name in (string[])["bos_token", "eos_token", "unk_token", "pad_token", "tokenizer_class"])
            {
                // Either the text or {"content": text, ...}.
                var field = root[name].IsObject ? root[name]["content"] : root[name];
                if (field.OptionalText() is { } text)
                    settings._tokens.Add(name, text);
            }

            foreach (var name in (string[])["add_bos_token", "add_eos_token", "add_prefix_space"])
            {
                if (!root[name].IsNull)
                    settings._flags.Add(name, root[name].Flag(absent: false));
            }

            return settings;
        });
    }

    public bool Flag(string name, bool absent) => _flags.GetValueOrDefault(name, absent);

    /// <summary>The token in a role, e.g. "bos_token"; null where the file or the vocabulary does not know it.</summary>
    public int? Find(string role, Vocabulary vocabulary) => _tokens.TryGetValue(role, out var text) ? vocabulary.Find(text) : null;

    /// <summary>The ids put before and after a text when add_bos_token and add_eos_token say so.</summary>
    public Frame Frame(int? begin, int? end, bool addBegin) => new(
        begin is { } first && Flag("add_bos_token", addBegin) ? [first] : [],
        end is { } last && Flag("add_eos_token", false) ? [last] : []);
}
