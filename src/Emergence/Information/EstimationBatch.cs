using System.Diagnostics;
using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;
using Emergence.Information.Critics;

namespace Emergence.Information;

/// <summary>
/// Finds many values together, so that the device is kept busy: each training is judged every 50 steps, the finished ones
/// leave and the next ones enter. A value does not depend on what it is trained beside.
/// </summary>
/// <param name="device">Trains.</param>
/// <param name="atOnce">Trainings at a time; fewer where memory is short.</param>
public sealed class EstimationBatch(Device device, int atOnce) : IDisposable
{
    /// <summary>How long the device may be busy before it is asked whether to go on.</summary>
    private const double SecondsBetweenLooks = 0.5;

    private readonly DeviceInputs _inputs = new(device);
    private readonly List<(EstimationRequest Request, Estimation Estimation)> _active = [];

    private IEnumerable<Tensor> InputsInUse => _active.SelectMany(entry => entry.Estimation.Inputs);

    /// <param name="requests">Read as far as there is room, so they may be made on demand.</param>
    /// <param name="finished">Called on the caller's thread as soon as a value is there.</param>
    /// <param name="cancellation">Ends the work between steps; what is not finished is lost.</param>
    public void Run(IEnumerable<EstimationRequest> requests, Action<EstimationRequest, MutualInformation> finished, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(finished);
        using var queue = requests.GetEnumerator();
        EstimationRequest? waiting = null;
        var room = atOnce;
        try
        {
            while (true)
            {
                while (_active.Count < room)
                {
                    waiting ??= queue.MoveNext() ? queue.Current : null;
                    if (waiting == null)
                        break;
                    if (Admit(waiting, finished))
                        waiting = null;
                    else
                        room = _active.Count; // one has to end before the next try
                    cancellation.ThrowIfCancellationRequested();
                }

                _inputs.KeepOnly(InputsInUse);
                if (_active.Count == 0)
                    return;
                Train(cancellation);
                Retire(finished);
                if (_active.Count < room)
                    room = atOnce;
            }
        }
        finally
        {
            foreach (var (_, estimation) in _active)
                estimation.Dispose();
            _active.Clear();
        }
    }

    public void Dispose() => _inputs.Dispose();

    /// <summary>False where there is no memory until another training has ended.</summary>
    private bool Admit(EstimationRequest request, Action<EstimationRequest, MutualInformation> finished, bool again = false)
    {
        Estimation estimation;
        try
        {
            estimation = request.Estimator.Start(request, device, _inputs);
        }
        catch (EmergenceException error) when (error.ExitCode == ExitCode.Failed)
        {
            // What is freed may be the request's own inputs, so there is one more try and not another.
            if (_inputs.KeepOnly(InputsInUse) && !again)
                return Admit(request, finished, again: true);
            if (_active.Count > 0)
                return false;
            finished(request, request.Estimator.Fail(request, "failed: " + error.Message));
            return true;
        }

        if (estimation is FinishedEstimation)
            Finish(request, estimation, finished);
        else
            _active.Add((request, estimation));
        return true;
    }

    private void Train(CancellationToken cancellation)
    {
        CriticTraining[] trainings = [.. _active.Select(entry => entry.Estimation.Training).OfType<CriticTraining>()];
        var watch = Stopwatch.StartNew();
        for (var done = 0; done < CriticPreset.CheckEvery;)
        {
            cancellation.ThrowIfCancellationRequested();
            var perStep = watch.Elapsed.TotalSeconds / Math.Max(1, done);
            var steps = done == 0 ? 1 : (int)Math.Clamp(SecondsBetweenLooks / perStep, 1, CriticPreset.CheckEvery - done);
            device.Train(trainings, steps);
            foreach (var (_, estimation) in _active)
                estimation.Take(steps);
            done += steps;
        }
    }

    private void Retire(Action<EstimationRequest, MutualInformation> finished)
    {
        for (var i = 0; i < _active.Count;)
        {
            var (request, estimation) = _active[i];
            if (!estimation.IsFinished())
            {
                i++;
                continue;
            }

            _active.RemoveAt(i);
            Finish(request, estimation, finished);
        }
    }

    private static void Finish(EstimationRequest request, Estimation estimation, Action<EstimationRequest, MutualInformation> finished)
    {
        MutualInformation result;
        using (estimation)
        {
            try
            {
                result = estimation.Finish();
            }
            catch (EmergenceException error) when (error.ExitCode == ExitCode.Failed)
            {
                result = request.Estimator.Fail(request, "failed: " + error.Message);
            }
        }

        finished(request, result);
    }
}
