using Emergence.Benchmarks;

switch (args)
{
    case ["forward", .. var rest]:
        return ForwardBenchmark.Run(rest);
    default:
        Console.Error.WriteLine("usage: forward [--threads N] [--rounds N] [--no-peer]");
        return 2;
}
