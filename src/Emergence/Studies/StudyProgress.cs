using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;
using Emergence.Measurement.Settings;

namespace Emergence.Studies;

/// <summary>Told how far a study is; by default nobody listens.</summary>
internal class StudyProgress
{
    /// <summary>A part without cells begins.</summary>
    public virtual void Say(string what)
    {
    }

    /// <summary>A run begins or goes on.</summary>
    public virtual void Begin(string name, MeasurementPlan plan, int finished)
    {
    }

    public virtual void Advance(CellResult cell)
    {
    }

    /// <summary>The run is complete.</summary>
    public virtual void End(RunResults results)
    {
    }
}
