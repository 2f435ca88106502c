namespace Emergence.Tokenizers.Patterns;

/// <summary>A pattern that is not taken, with what in it is wrong or not known, or a text that takes it too long.</summary>
internal sealed class PatternException(string reason) : Exception(reason);
