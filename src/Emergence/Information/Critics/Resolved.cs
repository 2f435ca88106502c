using Emergence.Devices;

namespace Emergence.Information.Critics;

/// <summary>
/// "resolved": what a critic of limited size reads in a limited time. It is s-mine with preset small and no other: standardised columns,
/// layers of 64-32-16-1, 8,192 pairs a step, Adam at 1e-3, at most 2,000 steps. A lower bound of the exact value that depends on the
/// coordinates the states come in and on the optimiser: a number to describe layers by, not a property of the information.
/// </summary>
internal sealed class Resolved : SupportMine
{
    internal new const string EstimatorName = "resolved";

    public override string Name => EstimatorName;

    public override string Description =>
        "what a small critic on standardised columns reads in 2,000 steps at most: depends on coordinates and optimiser";

    internal override Estimation Start(EstimationRequest request, Device device, DeviceInputs inputs) =>
        request.Preset == CriticPreset.Small ? base.Start(request, device, inputs)
        : new FinishedEstimation(Refuse(request, $"it is defined by preset {CriticPreset.Small.Name}; found {request.Preset.Name}"));
}
