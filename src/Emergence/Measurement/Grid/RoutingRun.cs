using Emergence.Capture;
using Emergence.Datasets;
using Emergence.Measurement.Results;
using Emergence.Models;

namespace Emergence.Measurement.Grid;

/// <summary>Where every token of a data set is sent by the routers of a model, layer by layer.</summary>
internal sealed class RoutingRun
{
    private readonly LanguageModel _model;
    private readonly Dataset _data;
    private readonly PrefixForest _forest;
    private readonly int _first;

    public RoutingRun(LanguageModel model, Dataset data)
    {
        RequireExperts(model.Config);
        (_model, _data) = (model, data);
        _first = data.BeginningOfSequence == null ? 0 : 1;
        _forest = PrefixForest.Macro([.. Enumerable.Range(0, data.Count)
            .Select(n => data.BeginningOfSequence is { } start ? [start, .. data[n]] : data[n].ToArray())], model.Config);
    }

    /// <summary>Refuses a model whose layers have no experts.</summary>
    public static void RequireExperts(ModelConfig config)
    {
        if (Layers(config).Count == 0)
            throw new EmergenceException($"a {config.ModelType} model has no layers with experts: there is no routing to look at",
                ExitCode.Usage);
    }

    /// <summary>Those that have experts.</summary>
    public static IReadOnlyList<int> Layers(ModelConfig config) =>
        [.. Enumerable.Range(0, config.Layers).Where(layer => config.Shape.Blocks[layer].Experts != null)];

    /// <summary>Layers in their order; whoever stops early has run only what was asked for.</summary>
    public IEnumerable<LayerRouting> Run(CancellationToken cancellation)
    {
        using var stream = new BoundaryStream(_model, _forest);
        var (shape, chosen) = (_model.Config.Shape, Array.Empty<int>());
        _model.Transformer.Routed = (layer, start, experts) =>
        {
            var size = _forest.Count * shape.Blocks[layer].Experts!.Chosen;
            if (chosen.Length != size)
                chosen = new int[size];
            experts.CopyTo(chosen, start * shape.Blocks[layer].Experts!.Chosen);
        };
        try
        {
            foreach (var boundary in stream.Run(cancellation))
            {
                if (boundary.Index > 0 && shape.Blocks[boundary.Index - 1].Experts is { } part)
                    yield return LayerRouting.Of(boundary.Index - 1, part.Count, Tokens(chosen, part.Chosen));
            }
        }
        finally
        {
            _model.Transformer.Routed = null;
        }
    }

    private IEnumerable<RoutedToken> Tokens(int[] chosen, int each)
    {
        for (var n = 0; n < _data.Count; n++)
        {
            var (tokens, rows) = (_data[n].ToArray(), _forest.Rows(n).ToArray());
            for (var t = 0; t < tokens.Length; t++)
                yield return new(tokens[t], t, new ArraySegment<int>(chosen, rows[t + _first] * each, each));
        }
    }
}
