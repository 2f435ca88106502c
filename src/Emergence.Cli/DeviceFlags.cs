using System.CommandLine;
using Emergence.Devices;
using Emergence.Devices.Tensors;

namespace Emergence.Cli;

/// <summary>Options about what computes.</summary>
internal sealed class DeviceFlags
{
    private const string Single = "float32", Half = "bfloat16";

    private readonly Option<string> _device = Flags.Device();
    private readonly Option<int> _threads = Flags.Threads();
    private readonly Option<string?> _nvrtc = new("--nvrtc")
    {
        Description = "Compile the GPU code by this NVRTC (libnvrtc.so) instead of taking the embedded one. Without embedded code NVRTC is looked for by the loader, in CUDA_HOME, CUDA_PATH and /usr/local/cuda, and in Python's nvidia packages (VIRTUAL_ENV, CONDA_PREFIX, ~/.local, /usr/local, /usr, /opt/conda)",
        HelpName = "FILE",
    };

    private readonly Option<string>? _type;

    /// <param name="withType">For verbs about a device; those about a model have an option of their own, which knows the model's type.</param>
    public DeviceFlags(bool withType = false)
    {
        if (withType)
            _type = new Option<string>("--dtype") { Description = "Arithmetic of critics and matrix products: operands are rounded to it", HelpName = $"{Single}|{Half}", DefaultValueFactory = _ => Single }.AcceptOnlyFromAmong(Single, Half);
    }

    public void AddTo(Command command)
    {
        foreach (var option in new Option?[] { _device, _threads, _type, _nvrtc }.OfType<Option>())
            command.Add(option);
    }

    public string Name(ParseResult parsed) => parsed.GetRequiredValue(_device);

    public DeviceOptions Options(ParseResult parsed) =>
        new(parsed.GetValue(_threads), NvrtcFile: parsed.GetValue(_nvrtc), Arithmetic: _type != null && parsed.GetValue(_type) == Half ? DType.BFloat16 : DType.Float32);

    public Device Open(ParseResult parsed) => DeviceTable.Create(Name(parsed), Options(parsed));
}
