namespace Emergence.Tokenizers;

/// <summary>One token of a text.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Text">As its vocabulary spells it, e.g. "Ġthe".</param>
/// <param name="Start">The first byte of the text (UTF-8) that it stands for.</param>
/// <param name="End">The byte after the last; equal to the start for a token that is put around a text.</param>
public readonly record struct Token(int Id, string Text, int Start, int End);
