using System.Globalization;
using Emergence.Messages;

namespace Emergence.Datasets;

/// <summary>A generated few-shot task: the text of a shot, and every question with its answer.</summary>
/// <param name="Name">As tables show it.</param>
/// <param name="Template">Fields in braces; the last one is the answer.</param>
/// <param name="Rows">Values of the fields, in the order of the template.</param>
internal sealed record GeneratedTask(string Name, string Template, IReadOnlyList<string[]> Rows);

/// <summary>
/// Eight tasks whose answers are short words or digits. Questions whose answer is more than one token, or whose tokens
/// are another number than most, are left out when a tokenizer meets them.
/// </summary>
internal static class GeneratedTasks
{
    private const int Modulus = 5;

    private static readonly int[] Digits = [.. Enumerable.Range(0, 10)];
    private static readonly string[] Letters = [.. Enumerable.Range('A', 26).Select(letter => ((char)letter).ToString())];

    private static readonly string[] Words =
        "cat dog sun map pen cup box bus car hat leg arm ice egg sea key bag bed sky oil gas war law art day man boy way top job".Split(
        ' ');

    private static readonly (string Category, string Members)[] Categories =
    [
        ("animal", "lion tiger horse sheep wolf mouse rabbit snake"),
        ("color", "red blue green yellow black white brown pink"),
        ("country", "France Japan Brazil Egypt Canada India Spain Chile"),
        ("fruit", "apple banana orange lemon grape peach cherry mango"),
    ];

    public static IReadOnlyList<GeneratedTask> All { get; } =
    [
        new("addition", "What is {a} plus {b}? A: {sum},", Pairs((a, b) => a + b < 10, (a, b) => Text(a + b))),
        new("subtraction", "What is {a} minus {b}? A: {rest},", Pairs((a, b) => a >= b, (a, b) => Text(a - b))),
        new("comparison", "Is {a} larger than {b}? A: {answer},", Pairs((a, b) => a != b, (a, b) => a > b ? "yes" : "no")),
        new("modular", $"What is {{a}} plus {{b}} modulo {Modulus}? A: {{rest}},",
            Pairs((_, _) => true, (a, b) => Text((a + b) % Modulus))),
        new("successor", "What letter comes after {a}? A: {b},", [.. Letters.Zip(Letters.Skip(1), (a, b) => new[] { a, b })]),
        new("order", "Which letter is first, {a} or {b}? A: {first},",
            [.. from a in Letters from b in Letters where a != b select new[] { a, b, string.CompareOrdinal(a, b) < 0 ? a : b }]),
        new("unscramble", "Unscramble {letters}. A: {word},",
            [.. Words.Select(word => new[] { string.Join(' ', $"{word[2]}{word[0]}{word[1]}".ToCharArray()), word })]),
        new("category", "What is {member}? A: {category},",
            [.. Categories.SelectMany(row => row.Members.Split(' ').Select(member => new[] { member, row.Category }))]),
    ];

    public static GeneratedTask Find(string name) => All.FirstOrDefault(task => task.Name == name)
        ?? throw new EmergenceException(
            $"unknown task '{Printable.Escape(name)}': choose {string.Join(", ", All.Select(task => task.Name))}", ExitCode.Usage);

    private static List<string[]> Pairs(Func<int, int, bool> isAsked, Func<int, int, string> answer) =>
        [.. from a in Digits from b in Digits where isAsked(a, b) select new[] { Text(a), Text(b), answer(a, b) }];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
