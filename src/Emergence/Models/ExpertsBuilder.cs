namespace Emergence.Models;

/// <summary>Asks for the weights of a layer's experts: one by one or all in one tensor, whichever the checkpoint has.</summary>
/// <param name="source">Where they come from.</param>
/// <param name="published">Names as they are published.</param>
/// <param name="width">Columns of the residual stream.</param>
/// <param name="project">A linear layer that all rows pass.</param>
internal sealed class ExpertsBuilder(
    IWeightSource source, ExpertNames published, Dimension width, RecurrenceBuilder.Project project)
{
    private static readonly Dimension s_one = new(1, "1");

    public ExpertsWeights Build(string block, ExpertsPart part)
    {
        var count = new Dimension(part.Count, $"{part.Count} experts");
        var outer = part.LatentWidth is { } latent ? new Dimension(latent, $"moe_latent_size={latent}") : width;
        var names = Stored(block, part, count, outer);
        var correction = names.CorrectionIsRow ? Vector(block + names.Correction, s_one, count) : Vector(block + names.Correction, count);
        return new(
            project(block + names.Router, width, count, part.RouterBias),
            part.Router.Correction ? source.Vector(correction) : null,
            names.Joint ? Joint(block + names.Each, names, part, count, outer) : [.. Enumerable.Range(0, part.Count)
                .Select(e => Single($"{block}{names.Each}{e}.", names, part, outer))],
            part.SharedWidth > 0 ? Shared(block + names.Shared, names, part) : null,
            part.SharedGate ? project(block + names.SharedGate, width, s_one, false) : null)
        {
            LatentDown = part.LatentWidth == null ? null : project(block + names.LatentDown, width, outer, part.OuterBias),
            LatentUp = part.LatentWidth == null ? null : project(block + names.LatentUp, outer, width, part.OuterBias),
        };
    }

    /// <summary>The names that the checkpoint has, or those of the published files if it has none.</summary>
    private ExpertNames Stored(string block, ExpertsPart part, Dimension count, Dimension outer)
    {
        return published.Other(part) is { } other && !Has(published) && Has(other) ? other : published;

        bool Has(ExpertNames names) => source.Has(names.Joint
            ? JointWeight($"{block}{names.Each}{names.Output}", names, count, outer, Hidden(part.Width))
            : SingleWeight($"{block}{names.Each}0.{names.Output}", Hidden(part.Width), outer));
    }

    private ExpertWeights Single(string name, ExpertNames names, ExpertsPart part, Dimension around)
    {
        var hidden = Hidden(part.Width);
        var up = Up(part, hidden, names.Inner);
        return new([.. names.Inner.Select(which => Layer(name + which, around, up))], Layer(name + names.Output, hidden, around));

        Linear Layer(string one, Dimension inputs, Dimension outputs) => new(
            source.Layer(SingleWeight(one, inputs, outputs), inputMajor: false),
            part.Bias ? source.Vector(Vector($"{one}.bias", outputs)) : null,
            outputs.Size);
    }

    private ExpertWeights[] Joint(string name, ExpertNames names, ExpertsPart part, Dimension count, Dimension around)
    {
        var hidden = Hidden(part.Width);
        var (inner, output) = (Layer(names.Inner[0], Up(part, hidden, names.Inner), around), Layer(names.Output, around, hidden));
        return [.. Enumerable.Range(0, part.Count).Select(e => new ExpertWeights([inner(e)], output(e)))];

        Func<int, Linear> Layer(string which, Dimension outputs, Dimension inputs)
        {
            var all = source.Layer(JointWeight(name + which, names, count, outputs, inputs), names.InputMajor);
            var bias = part.Bias ? source.Vector(Vector($"{name}{which}{names.BiasEnding}", count, outputs)) : null;
            var rows = all.InputMajor ? inputs.Size : outputs.Size;
            return e => new(all.Rows(e * rows, rows), bias?.RowRange(e, 1), outputs.Size);
        }
    }

    /// <summary>The expert that all rows pass.</summary>
    private ExpertWeights Shared(string name, ExpertNames names, ExpertsPart part)
    {
        var hidden = Hidden(part.SharedWidth);
        var up = Up(part, hidden, names.SharedInner);
        return new([.. names.SharedInner.Select(which => project(name + which, width, up, part.OuterBias))],
            project(name + names.SharedOutput, hidden, width, part.OuterBias));
    }

    private static Dimension Hidden(int width) => new(width, $"{width} columns inside an expert");

    /// <summary>Columns of a projection inside: those of gate and up if one projection yields both.</summary>
    private static Dimension Up(ExpertsPart part, Dimension hidden, string[] inner) =>
        part.Gated && inner.Length == 1 ? new(2 * hidden.Size, $"twice {hidden.Text}") : hidden;

    private static ExpectedWeight SingleWeight(string name, Dimension inputs, Dimension outputs) =>
        new($"{name}.weight", false, [outputs, inputs], new(outputs.Size, inputs.Size)) { IsOfExperts = true };

    private static ExpectedWeight JointWeight(string name, ExpertNames names, Dimension count, Dimension outputs, Dimension inputs) => new(
        name, false, names.InputMajor ? [count, inputs, outputs] : [count, outputs, inputs],
        new(checked(count.Size * outputs.Size), inputs.Size, count.Size)) { IsOfExperts = true };

    private static ExpectedWeight Vector(string name, params Dimension[] sizes) => new(name, false, sizes);
}
