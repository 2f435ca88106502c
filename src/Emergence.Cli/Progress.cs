using System.Diagnostics;
using System.Globalization;

namespace Emergence.Cli;

/// <summary>
/// How far a run is and how long it will still take, on the error stream: a bar that moves on a terminal, a line now and
/// then elsewhere.
/// </summary>
/// <param name="total">Number of cells.</param>
/// <param name="noColor">Write the bar plain.</param>
internal sealed class Progress(int total, bool noColor) : IDisposable
{
    private const int BarWidth = 30;
    private const double SecondsBetweenLines = 20, SecondsBetweenBars = 0.2;
    private readonly bool _isTerminal = !Console.IsErrorRedirected;
    private readonly bool _plain = noColor || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private double _nextAt;
    private int _done;
    private int _before;

    /// <summary>Cells that an earlier start finished.</summary>
    public void Skip(int cells)
    {
        (_before, _done) = (cells, cells);
        if (cells > 0)
            Console.Error.WriteLine($"{cells} of {total} cells were finished before");
    }

    public void Advance(string what)
    {
        _done++;
        if (_watch.Elapsed.TotalSeconds < _nextAt && _done < total)
            return;
        _nextAt = _watch.Elapsed.TotalSeconds + (_isTerminal ? SecondsBetweenBars : SecondsBetweenLines);
        if (_isTerminal)
            Console.Error.Write($"\r{Bar()} {Text(what)}\u001b[K");
        else
            Console.Error.WriteLine(Text(what));
    }

    public void Dispose()
    {
        if (_isTerminal && _done > _before)
            Console.Error.WriteLine();
    }

    private string Bar()
    {
        var filled = (int)((long)BarWidth * _done / total);
        var (full, rest) = (new string('#', filled), new string('.', BarWidth - filled));
        return _plain ? $"[{full}{rest}]" : $"[\u001b[32m{full}\u001b[0m{rest}]";
    }

    /// <summary>The rest at the pace of this start.</summary>
    private string Text(string what)
    {
        var left = _watch.Elapsed.TotalSeconds / Math.Max(1, _done - _before) * (total - _done);
        return $"{_done}/{total} cells, {Duration(_watch.Elapsed.TotalSeconds)} passed, about {Duration(left)} left, {what}";
    }

    /// <summary>E.g. "45 s", "12 min", "3.5 h".</summary>
    public static string Duration(double seconds) => seconds switch
    {
        < 90 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s"),
        < 5400 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.0} h"),
    };
}
