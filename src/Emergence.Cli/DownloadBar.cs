using System.Diagnostics;
using System.Globalization;
using Emergence.Hub;

namespace Emergence.Cli;

/// <summary>A download on stderr: one line that renews itself on a terminal, else a line for each file.</summary>
internal sealed class DownloadBar(bool isWanted) : DownloadProgress, IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(200);
    private readonly Lock _lock = new();
    private readonly Stopwatch _time = new();
    private readonly bool _renews = isWanted && !Console.IsErrorRedirected;
    private long _bytes, _fetched;
    private TimeSpan _shown;
    private bool _isOpen;

    /// <summary>E.g. "1.2 GB"; units of 1,000, as disks and the hub count.</summary>
    public static string Size(long bytes) => bytes switch
    {
        < 1_000 => $"{bytes} bytes",
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.0} kB"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB"),
    };

    public override void Begin(DownloadPlan plan)
    {
        lock (_lock)
        {
            _bytes = plan.Bytes;
            _time.Start();
        }
    }

    public override void Advance(HubFile file, long bytes)
    {
        lock (_lock)
        {
            _fetched += bytes;
            if (!_renews || !_time.IsRunning || _time.Elapsed - _shown < s_interval)
                return;
            _shown = _time.Elapsed;
            var rate = _fetched / Math.Max(_time.Elapsed.TotalSeconds, 1e-3);
            var left = rate > 0 ? Progress.Duration(Math.Max(0, _bytes - _fetched) / rate) : "?";
            Console.Error.Write(
                $"\r\u001b[K{file.Path}  {Math.Min(100, 100 * _fetched / Math.Max(1, _bytes))} %  {Size((long)rate)}/s  {left} left");
            _isOpen = true;
        }
    }

    public override void Finish(HubFile file) => Line(_renews ? null : $"{file.Path}: {Size(file.Size)}, digest right");

    public override void Say(string what) => Line(what);

    public void Dispose() => Line(null);

    private void Line(string? what)
    {
        lock (_lock)
        {
            if (_isOpen)
                Console.Error.Write("\r\u001b[K");
            _isOpen = false;
            if (what != null)
                Console.Error.WriteLine(what);
        }
    }
}
