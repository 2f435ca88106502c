namespace Emergence.Hub;

/// <summary>How long to wait before the next attempt: 1, 2, 4, 8 and 8 seconds give or take a fifth, or what the server asks for.</summary>
internal static class RetryWait
{
    /// <summary>Attempts in a row without one new byte.</summary>
    public const int MostAttempts = 5;

    private static readonly int[] s_units = [1, 2, 4, 8, 8];
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(300);

    /// <param name="settings">Unit of the waits.</param>
    /// <param name="error">What failed.</param>
    /// <param name="attempt">Failures before this one, in a row.</param>
    /// <returns>Null if it is time to give up.</returns>
    public static TimeSpan? Next(HubSettings settings, HubTransientException error, int attempt)
    {
        if (attempt >= MostAttempts || error.Wait > s_longest)
            return null;
        var wait = error.Wait ?? settings.RetryUnit * (s_units[attempt] * (0.8 + 0.4 * Random.Shared.NextDouble()));
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    /// <summary>What failed, how often, and when to try again.</summary>
    public static string GivenUp(HubTransientException error, int failures)
    {
        var often = failures > 1 ? $", {failures} times in a row" : "";
        return $"{error.Message}{often}: try again {(error.Wait is { } wait ? $"in {wait.TotalSeconds:0} s" : "later")}";
    }
}
