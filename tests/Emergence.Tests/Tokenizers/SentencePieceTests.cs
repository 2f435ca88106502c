using System.Text;
using Emergence.Tokenizers;

namespace Emergence.Tests.Tokenizers;

/// <summary>tokenizer.model files written here field by field, with what the golden files do not use and what must be refused.</summary>
public class SentencePieceTests
{
    private const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5;

    private static readonly (string Text, float Score, int Type)[] s_pieces =
    [
        ("<unk>", 0, Unknown), ("<s>", 0, Control), ("</s>", 0, Control), ("▁", -3, Normal), ("a", -4, Normal), ("b", -5, Normal),
        ("ab", -1, Normal), ("ba", -1, Normal), ("▁a", -2, Normal), ("[x y]", 0, UserDefined),
    ];

    [Theory]
    [InlineData("aba", "3 6 4", true, false, false)]
    [InlineData("aba", "6 4", false, false, false)]
    [InlineData("bab", "3 7 5", true, false, false)]
    [InlineData("  a  b ", "8 3 5", true, true, false)]
    [InlineData("  a  b ", "3 8 3 3 5 3", false, false, false)]
    [InlineData("a b", "8 3 5", true, true, false)]
    [InlineData("a", "4 3", true, true, true)]
    [InlineData("a?!b", "4 0 5", false, false, false)]
    [InlineData("a[x y]b", "4 9 5", false, false, false)]
    [InlineData("   ", "", true, true, false)]
    [InlineData("", "", true, false, false)]
    public void Text_becomes_the_best_pieces(string text, string ids, bool dummyPrefix, bool removeExtra, bool suffix)
    {
        // "[x y]" is found before its space becomes visible, and as it is written in the vocabulary.
        var pieces = s_pieces.Select(piece => piece with { Text = piece.Text.Replace(' ', '▁') }).ToArray();
        var folder = Write(Model(pieces, dummyPrefix: dummyPrefix, removeExtra: removeExtra, suffix: suffix));
        Assert.Equal(ids, string.Join(' ', Tokenizer.Load(folder).Encode(text, addSpecialTokens: false)));
    }

    [Fact]
    public void The_settings_say_which_tokens_surround_a_text()
    {
        var folder = Write(Model(s_pieces));
        var identity = Tokenizer.Load(folder).Identity;
        Assert.Equal([1, 8], Tokenizer.Load(folder).Encode("a"));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"add_bos_token":false,"add_eos_token":true}""");
        Assert.Equal([8, 2], Tokenizer.Load(folder).Encode("a"));
        Assert.Equal(1, Tokenizer.Load(folder).BeginningOfSequence);
        Assert.NotEqual(identity, Tokenizer.Load(folder).Identity);
    }

    [Fact]
    public void OpenLlama_is_read_from_its_model_others_from_json()
    {
        var folder = Path.Combine(Write(Model(s_pieces)), "open_llama_3b");
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(folder, "..", "tokenizer.model"), Path.Combine(folder, "tokenizer.model"));
        foreach (var place in (string[])[folder, Path.Combine(folder, "..")])
            File.WriteAllText(Path.Combine(place, "tokenizer.json"), TokenizerJsonTests.Json());
        Assert.Equal(s_pieces.Length, Tokenizer.Load(folder).VocabularySize);
        Assert.Equal(11, Tokenizer.Load(Path.Combine(folder, "..")).VocabularySize);
        File.WriteAllText(Path.Combine(folder, "..", "config.json"), """{"_name_or_path":"openlm-research/open_llama_7b"}""");
        Assert.Equal(s_pieces.Length, Tokenizer.Load(Path.Combine(folder, "..")).VocabularySize);
    }

    public static TheoryData<byte[], string> Broken => new()
    {
        { [], "it has no pieces" },
        { Encoding.UTF8.GetBytes("version https://git-lfs"), "not a SentencePiece model" },
        { Model(s_pieces, type: 4), "of type 4 is not supported" },
        { Model(s_pieces, map: [1, 2, 3]), "the precompiled character map claims 0 bytes for its trie, and has 0" },
        { Model(s_pieces[1..]), "must have one piece for unknown characters, found 0" },
        { Model([.. s_pieces, ("<u>", 0, Unknown)]), "found 2" },
        { Model([.. s_pieces, ("c", 0, Unused)]), "piece 10, 'c', is of type 5" },
        { Model([.. s_pieces, ("c", 0, 77)]), "is of type 77" },
        { Model([.. s_pieces, ("a", 0, Normal)]), "token 'a' has both id 4 and id 10" },
        { Model([.. s_pieces, ("", 0, Normal)]), "piece 10 must have a text and a score" },
        { Model([.. s_pieces, ("c", float.NaN, Normal)]), "piece 10 must have a text and a score" },
        { Model(s_pieces, byteFallback: true), "has no byte piece '<0x00>'" },
        { Model(s_pieces)[..^1], "not a SentencePiece model: field" },
        { [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], "field 1 claims 18446744073709551615 bytes, 0 are left" },
        { [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "a number of more than 10 bytes" },
        { [0x0B], "wire type 3" },
        { [0x08, 0x01], "wire type 0 in field 1, expected 2" },
        { Field(1, Field(1, [0xFF])), "not valid UTF-8" },
    };

    [Theory]
    [MemberData(nameof(Broken), DisableDiscoveryEnumeration = true)]
    public void Broken_models_are_refused_by_name(byte[] model, string message)
    {
        var error = Assert.Throws<EmergenceException>(() => Tokenizer.Load(Write(model)));
        Assert.Contains(message, error.Message);
        Assert.Contains("tokenizer.model", error.Message);
    }

    private static string Write(byte[] model)
    {
        var folder = TestData.TemporaryFolder();
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.model"), model);
        return folder;
    }

    private static byte[] Model(
        (string Text, float Score, int Type)[] pieces, int type = 2, bool byteFallback = false, byte[]? map = null,
        bool dummyPrefix = true, bool removeExtra = false, bool suffix = false) =>
    [
        .. pieces.SelectMany(piece => Field(
            1, [.. Field(1, Encoding.UTF8.GetBytes(piece.Text)), 0x15, .. BitConverter.GetBytes(piece.Score), .. Number(3, piece.Type)])),
        .. Field(2, [.. Number(3, type), .. Number(24, suffix ? 1 : 0), .. Number(35, byteFallback ? 1 : 0)]),
        .. Field(3, [
            .. Field(1, Encoding.UTF8.GetBytes(map == null ? "identity" : "nmt_nfkc")), .. Field(2, map ?? []),
            .. Number(3, dummyPrefix ? 1 : 0), .. Number(4, removeExtra ? 1 : 0)]),
    ];

    private static byte[] Field(int number, byte[] value) => [.. Varint(number << 3 | 2), .. Varint(value.Length), .. value];

    private static byte[] Number(int number, int value) => [.. Varint(number << 3), .. Varint(value)];

    private static byte[] Varint(int value) => value < 0x80 ? [(byte)value] : [(byte)(value | 0x80), .. Varint(value >> 7)];
}
