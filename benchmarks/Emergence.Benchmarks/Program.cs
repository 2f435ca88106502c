using Emergence.Benchmarks;
using Emergence.Benchmarks.Host;
using Emergence.Devices;
using Emergence.Ilgpu;

DeviceTable.Add(IlgpuDevices.Row);
if (args is [['-', '-', ..], ..])
{
    HostBenchmarks.Run(args);
    return 0;
}

var verbs = new (string Name, string About, Action<Arguments> Run)[]
{
    ("gemm", "matrix products of the CPU device beside OpenBLAS (libopenblas.so.0); try OPENBLAS_CORETYPE=SKYLAKEX too", GemmBenchmark.Run),
    ("forward", "GPT-2-small's shape over 8 x 128 tokens, all boundaries kept, no LM head, beside torch", ForwardBenchmark.Run),
    ("unpack", "a layer of 4096 x 4096 in each stored form into single precision, beside the product it is unpacked for",
        UnpackBenchmark.Run),
    ("mine-step", "a step of the published critic at N = 20,000 beside torch, its first layer whole and split; with --no-peer op by op",
        MineStepBenchmark.Run),
    ("mine-small", "steps of preset small: 2,000 classes, 576 columns, critic 64-32-16-1, 8,192 sampled pairs", MineSmallBenchmark.Run),
    ("mine-canonical", "seconds and memory of cells with preset canonical, by part; --classes K --columns D for one size, --steps N",
        CanonicalBenchmark.Run),
    ("mine-cost", "multiply-adds of whole trainings: s-mine beside the published protocol on all 303,600 four-shot country sequences",
        MineCostBenchmark.Run),
    ("tokenizers", "each tokenizer whose ids are known through three libraries, and the patterns in use; --cases DIR",
        TokenizerBenchmark.Run),
    ("vocabularies", "10 MB of text through real vocabularies beside two libraries, and the memory they keep; --folders DIR,DIR adds some",
        VocabularyBenchmark.Run),
};
var verb = verbs.FirstOrDefault(v => v.Name == args.FirstOrDefault());
if (verb.Run == null)
{
    foreach (var (name, about, _) in verbs)
        Console.WriteLine($"{name,-14} {about}");
    Console.WriteLine("--filter '*'     the host's own parts by BenchmarkDotNet, with its options, e.g. --job short");
    Console.WriteLine(
        "options: --threads N (all), --rounds N (11), --path avx512|avx2|portable, --no-peer, --peers pytorch,torchsharp (pytorch)");
    return 2;
}

try
{
    verb.Run(new Arguments(args));
    return 0;
}
catch (EmergenceException error)
{
    Console.Error.WriteLine($"benchmarks: {error.Message}");
    return (int)error.ExitCode;
}
