using System.Globalization;

namespace Emergence.Messages;

/// <summary>Numbers with commas between them, as options take them.</summary>
internal static class NumberList
{
    /// <param name="option">Its name, e.g. "--sigmas".</param>
    /// <param name="text">What the user wrote.</param>
    /// <param name="isRight">Whether the numbers, which are finite, will do.</param>
    /// <param name="expected">What is right, in words.</param>
    public static double[] Parse(string option, string text, Func<double[], bool> isRight, string expected)
    {
        double[] values = [.. text.Split(',')
            .Select(word => double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : double.NaN)];
        return values.All(double.IsFinite) && isRight(values) ? values
            : throw new EmergenceException($"{option} {Printable.Escape(text)}: expected {expected}", ExitCode.Usage);
    }

    /// <summary>Reads whole numbers that are not negative.</summary>
    public static int[] ParseWhole(string option, string text, Func<int[], bool> isRight, string expected)
    {
        int[] values = [.. text.Split(',', StringSplitOptions.TrimEntries)
            .Select(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : -1)];
        return values.All(value => value >= 0) && isRight(values) ? values
            : throw new EmergenceException($"{option} {Printable.Escape(text)}: expected {expected}", ExitCode.Usage);
    }

    /// <summary>The other way, with ranges: 0,3,10-12.</summary>
    public static string Ranges(IEnumerable<int> numbers)
    {
        List<(int From, int To)> ranges = [];
        foreach (var number in numbers.Order())
        {
            if (ranges.Count > 0 && ranges[^1].To + 1 == number)
                ranges[^1] = (ranges[^1].From, number);
            else
                ranges.Add((number, number));
        }

        return string.Join(',', ranges.Select(range =>
            FormattableString.Invariant(range.From == range.To ? (FormattableString)$"{range.From}" : $"{range.From}-{range.To}")));
    }
}
