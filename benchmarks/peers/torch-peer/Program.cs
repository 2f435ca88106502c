using System.Diagnostics;
using System.Globalization;
using TorchSharp;

// The peer of the benchmark verbs mine-step and forward in TorchSharp: what mine_step_torch.py and forward_torch.py do, on the libtorch
// that NuGet serves.
//
// usage: torch-peer published|split|forward THREADS
//
// Prints a line that describes the build; then, for every line on stdin, runs once and prints seconds, processor seconds and the MiB of
// resident memory at the peak above those before the inputs were made.
if (args is not [var form, var count] || !int.TryParse(count, CultureInfo.InvariantCulture, out var threads))
{
    Console.Error.WriteLine("usage: torch-peer published|split|forward THREADS");
    return 2;
}

torch.set_num_threads(threads);
torch.random.manual_seed(1);
var before = Peak();
Action? work = form switch
{
    "published" => new MineStep(split: false).Run,
    "split" => new MineStep(split: true).Run,
    "forward" => new Forward().Run,
    _ => null,
};
if (work == null)
{
    Console.Error.WriteLine($"published, split or forward was expected, not '{form}'");
    return 2;
}

Console.WriteLine($"TorchSharp {typeof(torch).Assembly.GetName().Version}, libtorch 2.10, {torch.get_num_threads()} threads");
while (Console.ReadLine() != null)
{
    var (watch, busy) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
    work();
    var (wall, processor) = (watch.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - busy).TotalSeconds);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{wall} {processor} {Peak() - before}"));
}

return 0;

static double Peak()
{
    using var self = Process.GetCurrentProcess();
    return self.PeakWorkingSet64 / 1048576.0;
}
