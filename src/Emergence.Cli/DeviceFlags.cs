using System.CommandLine;
using Emergence.Devices;

namespace Emergence.Cli;

/// <summary>Options about what computes.</summary>
internal sealed class DeviceFlags
{
    private readonly Option<string> _device = Flags.Device();
    private readonly Option<int> _threads = Flags.Threads();
    private readonly Option<string?> _nvrtc = new("--nvrtc")
    {
        Description = "Compile the GPU code by this NVRTC (libnvrtc.so) instead of taking the embedded one. Without embedded code NVRTC is looked for by the loader, in CUDA_HOME, CUDA_PATH and /usr/local/cuda, and in Python's nvidia packages (VIRTUAL_ENV, CONDA_PREFIX, ~/.local, /usr/local, /usr, /opt/conda)",
        HelpName = "FILE",
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _device, _threads, _nvrtc })
            command.Add(option);
    }

    public string Name(ParseResult parsed) => parsed.GetRequiredValue(_device);

    public DeviceOptions Options(ParseResult parsed) => new(parsed.GetValue(_threads), NvrtcFile: parsed.GetValue(_nvrtc));

    public Device Open(ParseResult parsed) => DeviceTable.Create(Name(parsed), Options(parsed));
}
