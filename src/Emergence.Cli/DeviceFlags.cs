using System.CommandLine;
using Emergence.Devices;
using Emergence.Devices.Tensors;
using Emergence.Measurement.Settings;

namespace Emergence.Cli;

/// <summary>Options about what computes.</summary>
internal sealed class DeviceFlags
{
    private const string Single = "float32", Half = "bfloat16";

    private readonly SettingFlags _rows = new(SettingTable.OfDevice);
    private readonly Option<string>? _type;

    /// <param name="withType">For verbs about a device; those about a model have an option of their own, which knows the model's
    /// type.</param>
    public DeviceFlags(bool withType = false)
    {
        if (withType)
            _type = new Option<string>("--dtype")
            {
                Description = "Arithmetic of critics and matrix products: operands are rounded to it",
                HelpName = $"{Single}|{Half}",
                DefaultValueFactory = _ => Single,
            }.AcceptOnlyFromAmong(Single, Half);
    }

    public void AddTo(Command command)
    {
        _rows.AddTo(command);
        if (_type != null)
            command.Add(_type);
    }

    public string Name(ParseResult parsed) => _rows.Read(parsed).Device;

    public DeviceOptions Options(ParseResult parsed) =>
        _rows.Read(parsed).DeviceOptions
            with { Arithmetic = _type != null && parsed.GetValue(_type) == Half ? DType.BFloat16 : DType.Float32 };

    public Device Open(ParseResult parsed) => DeviceTable.Create(Name(parsed), Options(parsed));
}
