using System.Globalization;
using Emergence.Capture;
using Emergence.Information;
using Emergence.Tables;

namespace Emergence.Reports;

/// <summary>What a run says in plain words. Every sentence follows from its numbers.</summary>
internal sealed class RunWords(RunSummary run)
{
    // Emergence below this is not worth a sentence about where it forms.
    private const double LeastBits = 0.05;

    // Cells named before the rest is only counted.
    private const int MostNames = 6;

    public string About
    {
        get
        {
            var shots = run.Results.ShotLength > 0 ? $", {run.Labels.Count / run.Results.ShotLength} shots" : "";
            var drawn = run.Results.IsEnumeration ? $"all {Count(run.Results.Sequences)} sequences"
                : $"{Count(run.Results.Sequences)} sequences";
            var seeds = run.IsExact ? "" : $", {Plural(Seeds, "seed")}";
            return $"{run.Results.Data}{shots}: {drawn} of {run.Labels.Count} tokens. {Plural(run.Layers.Count, "layer")}, " +
                   $"{Plural(run.Positions.Count, "position")}, estimator {run.Results.Estimator}{seeds}. Layer l turns boundary l into "
                       + $"boundary l+1.";
        }
    }

    /// <summary>The answer in one sentence.</summary>
    public string Finding
    {
        get
        {
            if (run.Results.MissingCells > 0)
                return $"The run is not finished: {Count(run.Results.Cells.Count)} of "
                    + $"{Plural(run.Results.Cells.Count + run.Results.MissingCells, "cell")} are measured.";
            if (run.Last is not { } last)
                return "There is no information emergence to show yet: it needs macro and micro cells of the same layer.";
            var gain =
                $"after {Plural(last.Tokens, "token")} a layer carries {Bits(last.Bits.Mean)} more about the whole than about its tokens "
                + $"one by one";
            if (!HasEmergence)
                return $"No emergence to speak of: {gain}.";
            var where = run.FormedAt == run.Layers[0] ? "it is there from the first layer on" : $"it has formed by layer {run.FormedAt}";
            var step = run.Steps.MaxBy(s => s.Bits);
            return $"Meaning emerges: {gain}; {where}, and the largest step, +{Bits(step.Bits)}, comes with {run.Label(step.Tokens - 1)}.";
        }
    }

    public IReadOnlyList<(string Label, string Value, string Note)> Tiles
    {
        get
        {
            List<(string, string, string)> tiles = [];
            if (run.Last is { } last)
            {
                var half = (last.Bits.High - last.Bits.Low) / 2;
                var interval = double.IsNaN(half) ? "" : $" \u00b1 {TableCell.Fixed(half, 2)}";
                var worst = last.Verdict == Verdict.Ok ? "" : $"; worst cell {last.Verdict.Word()}";
                var note = (run.IsExact ? "counted, not trained" : $"exact {Bits(last.ExactBits)}") + worst;
                tiles.Add(($"IE after {Plural(last.Tokens, "token")}, mean over layers",
                    $"{TableCell.Fixed(last.Bits.Mean, 2)}{interval} bits", note));
            }

            // Of an unfinished run, the mean over the layers so far says nothing about where and when.
            if (HasEmergence && run.Results.MissingCells == 0)
            {
                var verdict = run.LastRows.First(row => row.Boundary == run.FormedAt).Verdict;
                var doubt = verdict >= Verdict.Unreliable ? $"; that value is {verdict.Word()}" : "";
                tiles.Add(("Meaning has formed by", $"layer {run.FormedAt}", $"the first with 90 % of the largest IE{doubt}"));
                var step = run.Steps.MaxBy(s => s.Bits);
                tiles.Add(("It jumps at", run.Label(step.Tokens - 1),
                    $"token {step.Tokens}, for example \u201c{run.Token(step.Tokens - 1)}\u201d, adds {Bits(step.Bits)}"));
            }

            var ok = run.Results.Cells.Count(c => c.Information.Verdict == Verdict.Ok);
            var missing = run.Results.MissingCells > 0 ? $"{run.Results.MissingCells} not measured yet" : "";
            var others = Enum.GetValues<Verdict>().Where(v => v != Verdict.Ok)
                .Select(v => (Verdict: v, Count: run.Results.Cells.Count(c => c.Information.Verdict == v))).Where(v => v.Count > 0)
                .Select(v => $"{v.Count} {v.Verdict.Word()}").Append(missing).Where(t => t.Length > 0);
            tiles.Add(("Cells with verdict ok", $"{ok} of {run.Results.Cells.Count}", string.Join(", ", others)));
            return tiles;
        }
    }

    public IReadOnlyList<PageCard> Cards
    {
        get
        {
            var doubts = Doubts();
            List<PageCard> cards = [new("What is exact", CardTone.Good, Exact())];
            if (!run.IsExact)
                cards.Add(new("What is estimated", CardTone.Mid, Estimated()));
            cards.Add(doubts.Count > 0
                ? new("What not to trust", CardTone.Bad, doubts)
                : new("What not to trust", CardTone.Good,
                    ["Nothing stands out: every cell has its value and passed its checks.", Caution]));
            return cards;
        }
    }

    private const string Caution =
        "A high value does not mean a good model: it means that its states tell prefixes apart. Compare runs only at equal data and "
            + "equal N.";

    private bool HasEmergence => run.Last?.Bits.Mean >= LeastBits && run.Steps.Count > 0;

    private int Seeds => run.Results.Cells.Select(c => c.Cell.Seed).Distinct().Count();

    private static string Bits(double value) => $"{TableCell.Fixed(value, 2)} bits";

    internal static string Plural(int count, string noun) => $"{Count(count)} {noun}{(count == 1 ? "" : "s")}";

    private static string Count(int count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private List<string> Exact()
    {
        var cells = run.Results.Cells;
        List<string> lines =
        [
            "The exact value is counted, not trained: the mutual information of the states that these sequences really have. It is a "
                + "property of the data, " +
            "the same at every layer whose states tell all prefixes apart.",
        ];
        if (cells.Count > 0)
        {
            lines.Add(
                $"At the last token the prefixes have {Bits(cells.Max(c => c.Information.HPrefixBits))}; no value from "
                + $"{Count(run.Results.Sequences)} sequences " +
                      $"can exceed log2 N = {Bits(cells[0].Information.Log2N)}.");
        }

        lines.Add(run.Results.IsEnumeration
            ? "All sequences there are were measured: there is no sampling error."
            : "The sequences are a sample: the intervals of IE include its sampling error, the exact value is exact for this sample.");
        var collided = cells.Where(c => c.Information.CollisionsX + c.Information.CollisionsY > 0).ToList();
        lines.Add(collided.Count == 0
            ? "No two different prefixes share a state anywhere."
            : $"In {collided.Count} of {Plural(cells.Count, "cell")} different prefixes share a state (boundary 0 knows only its own "
                + $"token); equal states are counted as one.");
        return lines;
    }

    private List<string> Estimated()
    {
        var cells = run.Results.Cells;
        var above = cells.Count(c => c.Information.StepsAboveCeiling > 0);
        var close = run.Means.Count(m => Math.Abs(m.Mean.ExactBits - m.Mean.Bits) <= 0.02);
        List<string> lines =
        [
            run.Results.Estimator switch
            {
                "s-mine" =>
                    $"s-mine trains a critic on the same states with {Plural(Seeds, "seed")}. It cannot read more than the exact value, " +
                            (above == 0 ? "and at no step did it." : $"yet in {Plural(above, "cell")} it did: report this as a defect."),
                "paper" =>
                    $"paper is the published protocol: it reports its maximum over the steps, and nothing holds it below the exact "
                    + $"value. It went above in {Plural(above, "cell")}.",
                NoisyChannel.EstimatorName =>
                    "noisy-channel says what is left at sigma 1, when noise as large as the states is added. Nothing is trained: it is a "
                    + $"mean over draws of {Plural(Seeds, "seed")}, and its intervals are those of the draws.",
                _ => $"{run.Results.Estimator} was run with {Plural(Seeds, "seed")}.",
            },
        ];
        if (run.IsNoisy)
            return lines;
        lines.Add($"{close} of {Plural(run.Means.Count(), "value")} end within 0.02 bits of the exact one.");
        var worst = run.Means.Where(m => double.IsFinite(m.Mean.Bits)).OrderByDescending(m => m.Mean.ExactBits - m.Mean.Bits)
            .FirstOrDefault();
        if (worst.Mean.Seeds > 0 && worst.Mean.ExactBits - worst.Mean.Bits > 0.02)
        {
            lines.Add(
                $"The largest shortfall is {Bits(worst.Mean.ExactBits - worst.Mean.Bits)}, at {Name(worst.Cell)}. Where an estimate "
                + $"stays below, " +
                      "a critic of this size does not resolve what is there: that depends on the layer and the model, and the exact "
                          + "value does not.");
        }

        lines.Add(Seeds > 1
            ? "Intervals are 95 % over seeds. The spread over layers is a property of the model and is kept apart."
            : "One seed gives no interval: run at least three.");
        return lines;
    }

    private List<string> Doubts()
    {
        List<string> lines = [];
        void Say(Verdict verdict, string meaning)
        {
            var cells = run.Means.Where(m => m.Mean.Verdict == verdict).Select(m => Name(m.Cell)).ToList();
            if (cells.Count > 0)
            {
                var rest = cells.Count > MostNames ? $" and {cells.Count - MostNames} more" : "";
                lines.Add($"{verdict.Word()}, {meaning}: {string.Join("; ", cells.Take(MostNames))}{rest}.");
            }
        }

        Say(Verdict.Failed, "there is no value");
        Say(Verdict.Unreliable, "seeds disagree, the training did not level, or the protocol cannot be trusted here");
        Say(Verdict.AtCeiling, "nearly every sequence is unique and the exact value says more about N than about the data");
        if (run.Results.MissingCells > 0)
            lines.Add($"{Plural(run.Results.MissingCells, "cell")} not measured yet: run the same command again.");
        if (lines.Count > 0)
            lines.Add(Caution);
        return lines;
    }

    private string Name((CaptureKind Kind, int Layer, int Position) cell)
        => $"{cell.Kind.Word()} layer {cell.Layer}, {run.Label(cell.Position)}";
}
