using System.Diagnostics;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda.Driver;
using Emergence.Devices.Cuda.Ops;
using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cuda;

/// <summary>
/// An NVIDIA GPU, or the emulator in its place: one queue, and one more for each training; kernels in single precision with every
/// sum in a fixed order. Results are the same bytes on all GPUs of a path, for no kernel uses an approximating instruction or an
/// atomic. Paths: fma32, plain single precision; parts32 if warpgroups multiply, whose products of wide matrices are six of
/// bf16 thirds; bf16. Ops may come from several threads.
/// </summary>
public sealed unsafe partial class CudaDevice : Device
{
    /// <summary>
    /// The file in which the kernel driver says its own version; "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  ...".
    /// </summary>
    private const string VersionFile = "/proc/driver/nvidia/version";

    private readonly CudaQueue _queue;
    private readonly DType _arithmetic;
    private readonly ThreadLocal<CudaQueue?> _entered = new();

    /// <param name="driver">A GPU's or the emulator's.</param>
    /// <param name="compiler">Makes the GPU code instead of what is embedded; null: only if nothing is.</param>
    /// <param name="arithmetic">Float32, or BFloat16 for products on tensor cores.</param>
    /// <param name="warpgroups">Whether products use Hopper's instructions; null: on a GPU that has them.</param>
    /// <param name="number">Which GPU, from 0.</param>
    internal CudaDevice(
        CudaDriver driver, NvrtcCompiler? compiler = null, DType arithmetic = DType.Float32, bool? warpgroups = null, int number = 0)
        : this(new CudaGpu(driver, compiler, warpgroups, number), arithmetic)
    {
    }

    private CudaDevice(CudaGpu gpu, DType arithmetic) => (Gpu, _queue, _arithmetic) = (gpu, new CudaQueue(gpu), arithmetic);

    /// <summary>A GPU of this machine.</summary>
    /// <param name="nvrtcFile">
    /// NVIDIA's run-time compiler, to be used instead of embedded PTX; null: only if there is no PTX, from where it usually lies.
    /// </param>
    /// <param name="arithmetic">Float32, or BFloat16 for products on tensor cores.</param>
    /// <param name="number">Which, from 0, as the driver counts those that the process may see.</param>
    public static CudaDevice OpenGpu(string? nvrtcFile = null, DType arithmetic = DType.Float32, int number = 0)
    {
        var compiler = nvrtcFile == null ? null : NvrtcCompiler.Open(nvrtcFile);
        return new(CudaLibrary.LoadDriver(), compiler, arithmetic, number: number);
    }

    /// <summary>The emulator: the same kernels and launches on the CPU, checked while they run.</summary>
    /// <param name="arithmetic">Float32, or BFloat16 for products on tensor cores.</param>
    /// <param name="number">Which, from 0: it plays as many GPUs as EMERGENCE_EMULATOR_GPUS says.</param>
    public static CudaDevice OpenEmulator(DType arithmetic = DType.Float32, int number = 0) =>
        new(CudaLibrary.LoadEmulator(), null, arithmetic, number: number);

    /// <summary>GPUs that this process may see; 0 also if there is no driver.</summary>
    internal static int CountGpus => CudaLibrary.HasDriver ? Count(CudaLibrary.LoadDriver) : 0;

    /// <summary>GPUs that the emulator plays; 0 if there is no emulator.</summary>
    internal static int CountEmulated => CudaLibrary.FindEmulator() == null ? 0 : Count(CudaLibrary.LoadEmulator);

    /// <summary>What a GPU of this kind would be asked to do, without one.</summary>
    internal static DevicePlan Plan(GpuTraits traits, DType arithmetic = DType.Float32) =>
        new(plan => new CudaDevice(new CudaGpu(traits, plan), arithmetic));

    /// <summary>Whether this machine has a driver, a GPU that is new enough, and code for it.</summary>
    public static bool IsHere
    {
        get
        {
            if (!CudaLibrary.HasDriver)
                return false;
            try
            {
                using var context = new CudaContext(CudaLibrary.LoadDriver());
                return new KernelImages(context, null).HasCode;
            }
            catch (EmergenceException)
            {
                return false; // a driver without a GPU, or one too old
            }
        }
    }

    public override string Name => IsEmulated ? "emulator" : "cuda";

    public override string Description => Gpu.Plan == null ? Gpu.Context.Description : $"{Gpu.Traits.Name}, planned";

    public override string Path => $"{Name}/{(_arithmetic == DType.BFloat16 ? "bf16" : Gpu.Traits.HasWarpgroups ? "parts32" : "fma32")}";

    public override DeviceTraits Traits => new(IsEmulated ? DeviceScale.Tiny : DeviceScale.Gpu, _arithmetic, IsEmulated);

    public override DType ComputeType => DType.Float32;

    public override string? DriverVersion
    {
        get
        {
            if (IsEmulated || Gpu.Plan != null)
                return null;
            var words = File.Exists(VersionFile) ? File.ReadLines(VersionFile).First().Split(' ') : [];
            var kernel = words.FirstOrDefault(word => Version.TryParse(word, out _));
            return $"{(kernel == null ? "" : $"{kernel}, ")}CUDA {Gpu.Driver.Version / 1000}.{Gpu.Driver.Version % 1000 / 10}";
        }
    }

    /// <summary>A small training is one block: as many as run at a time.</summary>
    public override int TrainingsAtOnce => Gpu.Plan != null
        ? base.TrainingsAtOnce
        : Math.Max(base.TrainingsAtOnce, Gpu.Kernels.BlocksPerMultiprocessor(KernelTable.SmallCritic) * Gpu.Traits.MultiprocessorCount);

    internal CudaGpu Gpu { get; }

    /// <summary>The queue that ops of the calling thread go into: the device's own, or that of a training whose step it records.</summary>
    internal CudaQueue Queue => _entered.Value ?? _queue;

    private bool IsEmulated => Gpu.Plan == null && Gpu.Driver.IsEmulated;

    public override DevicePlan Plan() => Plan(Gpu.Traits, _arithmetic);

    /// <summary>None if the driver has no GPU or does not work: opening one says why.</summary>
    private static int Count(Func<CudaDriver> load)
    {
        try
        {
            return load().DeviceCount;
        }
        catch (EmergenceException)
        {
            return 0;
        }
    }

    public override void Train(IReadOnlyList<CriticTraining> trainings, int steps)
    {
        ArgumentNullException.ThrowIfNull(trainings);
        _queue.Synchronize(); // what the trainings' memory holds came through it
        for (var left = steps; left > 0; left -= TrainingQueue.MostSteps)
        {
            var taken = Math.Min(left, TrainingQueue.MostSteps);
            var queues = Prepared<TrainingQueue>();
            foreach (var queue in queues)
                queue.Step(taken);
            SmallTraining.Step(Queue, Prepared<SmallTraining>(), taken);
            foreach (var queue in queues)
                queue.ReadBack(taken);
            foreach (var training in trainings.Where(training => training.Prepared is not (TrainingQueue or SmallTraining)))
                training.Step(this, taken);
        }

        T[] Prepared<T>() => [.. trainings.Select(training => training.Prepared).OfType<T>()];
    }

    public override void Synchronize() => Queue.Synchronize();

    /// <summary>
    /// Null if only the host knows the pairs, or if a linear term is trained beside the critic. Some memory stays free beside the
    /// trainings: for the next rows of the model, and
    /// for what is scored when a training ends.
    /// </summary>
    protected internal override IDisposable? Prepare(CriticTraining training)
    {
        ArgumentNullException.ThrowIfNull(training);
        if (training.Linear != null || PairTables.Create(this, training.Source) is not { } pairs)
            return null;
        IDisposable? prepared = null;
        try
        {
            prepared = SmallTraining.Fits(Gpu.Traits, training)
                ? new SmallTraining(this, training, pairs)
                : new TrainingQueue(this, training, pairs);
            var (free, least) = (AvailableBytes, ReservedBytes);
            if (free >= least)
                return prepared;
            var message = $"out of device memory: a training leaves {CudaContext.Size(free)} free, expected {CudaContext.Size(least)}";
            throw new EmergenceException(message) { IsOutOfMemory = true };
        }
        catch
        {
            prepared?.Dispose();
            pairs.Dispose();
            throw;
        }
    }

    /// <summary>Sends the ops of the calling thread into another queue until the scope ends.</summary>
    internal EnteredQueue Enter(CudaQueue queue)
    {
        _entered.Value = queue;
        return new(this);
    }

    internal override WorkTime Time(Action work)
    {
        using CudaEvent start = new(Gpu.Context), end = new(Gpu.Context);
        Queue.Synchronize();
        var watch = Stopwatch.StartNew();
        start.Record(Queue.Stream);
        work();
        end.Record(Queue.Stream);
        var queued = watch.Elapsed.TotalSeconds;
        end.Synchronize();
        return new(1e-3 * end.MillisecondsSince(start), queued);
    }

    internal override IReadOnlyList<(string Kernel, double Seconds)> Trace(Action work)
    {
        using var trace = new LaunchTrace(Gpu.Context);
        Gpu.Trace = trace;
        try
        {
            work();
            Queue.Synchronize();
            return trace.Times();
        }
        finally
        {
            Gpu.Trace = null;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        _queue.Dispose();
        _entered.Dispose();
        Gpu.Dispose();
    }

    internal readonly struct EnteredQueue(CudaDevice device) : IDisposable
    {
        public void Dispose() => device._entered.Value = null;
    }
}
