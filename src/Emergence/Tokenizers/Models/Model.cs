namespace Emergence.Tokenizers.Models;

/// <summary>What turns a word into tokens.</summary>
internal abstract class Model
{
    /// <summary>Adds the tokens of a word that is not empty.</summary>
    public abstract void Encode(ReadOnlySpan<char> word, TokenSink tokens);
}

/// <summary>Tokens as models write them; if places are asked for, with the bytes of the word that each stands for.</summary>
internal sealed class TokenSink(bool traced)
{
    public List<int> Ids { get; } = [];

    /// <summary>Null if nobody asks.</summary>
    public List<ByteRange>? Places { get; } = traced ? [] : null;

    public void Add(int id, int start, int end)
    {
        Ids.Add(id);
        Places?.Add(new(start, end));
    }
}
