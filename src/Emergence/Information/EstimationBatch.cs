using System.Diagnostics;
using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;
using Emergence.Information.Critics;

namespace Emergence.Information;

/// <summary>
/// Finds many values together, so that the device is kept busy: each training is judged every so many steps, the finished ones
/// leave and the next ones enter. A value does not depend on what it is trained beside.
/// </summary>
/// <param name="device">Trains.</param>
/// <param name="atOnce">Trainings at a time; fewer if memory is short.</param>
public sealed class EstimationBatch(Device device, int atOnce) : IDisposable
{
    /// <summary>How long the device may be busy before it is asked whether to go on.</summary>
    private const double SecondsBetweenLooks = 0.5;

    private readonly DeviceInputs _inputs = new(device);
    private readonly List<Entry> _active = [];

    private IEnumerable<Tensor> InputsInUse => _active.SelectMany(entry => entry.Estimation.Inputs);

    /// <param name="requests">Read as far as there is room, so they may be made on demand.</param>
    /// <param name="finished">Called on the caller's thread as soon as a value is there.</param>
    /// <param name="cancellation">Ends the work between steps; what is not finished is lost.</param>
    public void Run(IEnumerable<EstimationRequest> requests, Action<EstimationRequest, MutualInformation> finished,
        CancellationToken cancellation)
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
            foreach (var entry in _active)
                entry.Estimation.Dispose();
            _active.Clear();
        }
    }

    public void Dispose() => _inputs.Dispose();

    /// <summary>False if there is no memory until another training has ended.</summary>
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
            _active.Add(new(request, estimation));
        return true;
    }

    private void Train(CancellationToken cancellation)
    {
        CriticTraining[] trainings = [.. _active.Select(entry => entry.Estimation.Training).OfType<CriticTraining>()];
        var watch = Stopwatch.StartNew();
        var next = _active.Min(entry => entry.StepsToJudgement);
        for (var done = 0; done < next;)
        {
            cancellation.ThrowIfCancellationRequested();
            var perStep = watch.Elapsed.TotalSeconds / Math.Max(1, done);
            var steps = done == 0 ? 1 : (int)Math.Clamp(SecondsBetweenLooks / perStep, 1, next - done);
            device.Train(trainings, steps);
            foreach (var entry in _active)
            {
                entry.Estimation.Step(steps);
                entry.Steps += steps;
            }

            done += steps;
        }
    }

    private void Retire(Action<EstimationRequest, MutualInformation> finished)
    {
        for (var i = 0; i < _active.Count;)
        {
            var (request, estimation) = (_active[i].Request, _active[i].Estimation);
            if (!_active[i].IsAtJudgement || !estimation.IsFinished())
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

    /// <summary>A value on its way.</summary>
    private sealed class Entry(EstimationRequest request, Estimation estimation)
    {
        public EstimationRequest Request => request;

        public Estimation Estimation => estimation;

        public int Steps { get; set; }

        public int StepsToJudgement => request.Preset.LookEvery - Steps % request.Preset.LookEvery;

        public bool IsAtJudgement => Steps % request.Preset.LookEvery == 0;
    }
}
