using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>One kind of component of a tokenizer.json.</summary>
/// <param name="Name">Its "type" in the file.</param>
/// <param name="Families">Models that use it, for the documentation.</param>
/// <param name="Case">The folder of the tests' data that holds the library's answers for it.</param>
/// <param name="Read">Makes it from its description.</param>
internal sealed record Kind<T>(string Name, string Families, string Case, Func<JsonField, T> Read);

/// <summary>All kinds of one part of a tokenizer, e.g. "normalizer".</summary>
internal sealed class KindTable<T>(string part, params Kind<T>[] rows)
{
    // Steps of a "Sequence".
    private const int MaximumSteps = 256;

    public string Part => part;

    public IReadOnlyList<Kind<T>> Rows => rows;

    public T Read(JsonField field)
    {
        var type = field.Type;
        var kind = rows.FirstOrDefault(row => row.Name == type)
            ?? throw field.Unsupported($"{part} {Printable.Quote(type)}");
        return kind.Read(field);
    }

    /// <summary>The steps of a "Sequence".</summary>
    public T[] Steps(JsonField list)
    {
        var steps = new List<T>();
        foreach (var step in list.Items())
        {
            if (steps.Count == MaximumSteps)
                throw list.Error($"a list of at most {MaximumSteps} steps");
            steps.Add(Read(step));
        }

        return [.. steps];
    }
}
