using Emergence.Messages;
using Emergence.Studies.Skills;

namespace Emergence.Studies;

/// <summary>"skills": what scaling laws promise about skills and combinations of skills (Arora and Goyal 2023).</summary>
internal sealed class SkillsStudy : Study
{
    private const int Resamples = 400;

    public override string Name => "skills";

    public override string Description => "what a scaling law promises about skills and their combinations; needs no model";

    public override string Title => "What lower loss promises about skills";

    public override int LeastModels => 0;

    public override IReadOnlyList<StudyOption> Options { get; } =
    [
        new(
            "runs", "FILE",
            "Trainings to fit L(N, D) to: CSV with the columns N, D and L, in nats a token; without it the published constants",
            Kind: StudyOptionKind.File),
        new("theta", "SHARE", "Share of texts on which the smaller model fails", "0.1"),
        new("skills-per-text", "LIST", "k of the curves, at most six", "1,2,4,8,16,32"),
        new("graph-k", "LIST", "k of the simulated graphs, at most three", "2,4,8"),
        new("texts", "N", "Texts of a simulated graph", "1000000"),
        new("skills", "N", "Skills of a simulated graph", "10000"),
        new("starts", "N", "Starts of the search for the worst texts", "2"),
        new("tokens", "D,D", "Training tokens of the smaller and the larger model", "1e10,1e13"),
        new("text", "FILE", "What --model is to predict, as .txt, .csv or .jsonl", Kind: StudyOptionKind.File),
        new("window", "N", "Tokens that a model sees of a text at once", "256"),
        new("most-tokens", "N", "Tokens of the text at most", "20000"),
    ];

    public override StudyResult Run(StudyContext context)
    {
        var theta = context.Number("theta");
        if (theta is <= 0 or >= 1)
            throw new EmergenceException($"--theta {Printable.Escape(context.Text("theta"))}: expected a share between 0 and 1",
                ExitCode.Usage);
        var tokens = Numbers(context, "tokens", 2, 2);
        if (tokens[1] <= tokens[0])
            throw new EmergenceException($"--tokens {Printable.Escape(context.Text("tokens"))}: expected more tokens for the larger model",
                ExitCode.Usage);
        var perText = Numbers(context, "skills-per-text", 1, 6);
        var graphs = Numbers(context, "graph-k", 1, 3).Select(k => (int)k).ToArray();
        if (context.Whole("skills", 2) > SkillGraph.MostSkills || graphs.Max() > SkillGraph.MostPerText)
            throw new EmergenceException(
                $"--skills {context.Text("skills")}, --graph-k {context.Text("graph-k")}: expected {SkillGraph.MostSkills} or fewer "
                + $"skills and k of {SkillGraph.MostPerText} or less", ExitCode.Usage);
        var fit = context.Optional("runs") is { } runs ? new ScalingFit(ScalingRun.Read(runs)) : null;
        return new SkillsReport
        {
            Theta = theta,
            SkillsPerText = perText,
            Skills = context.Whole("skills", 2),
            Texts = context.Whole("texts", 10),
            Tokens = (tokens[0], tokens[1]),
            Fit = fit,
            Resampled = fit?.Resample(Resamples, context.Settings.Seed) ?? [],
            Worst = [.. graphs.SelectMany(k => Worst(context, theta, k))],
            Models = [.. context.Models.Select(model => Measure(context, model))],
            Text = context.Optional("text"),
        }.Write();
    }

    private static double[] Numbers(StudyContext context, string option, int least, int most) => NumberList.Parse(
        $"--{option}", context.Text(option), values => values.Length >= least && values.Length <= most
            && values.All(value => value >= 1), $"{(least == most ? least : $"{least} to {most}")} numbers of 1 or more with commas");

    private static IEnumerable<WorstCase> Worst(StudyContext context, double theta, int k)
    {
        var (texts, skills) = (context.Whole("texts", 10), context.Whole("skills", 2));
        SkillGraph? graph = null;
        foreach (var alpha in SkillsReport.Alphas)
        {
            context.Say(FormattableString.Invariant($"worst texts of a graph with k = {k}, alpha {alpha}"));
            var found = context.Once(FormattableString.Invariant($"graph/{k}/{alpha}"), () =>
            {
                var worst = (graph ??= new(texts, skills, k, context.Settings.Seed))
                    .Worst(theta, alpha, context.Whole("starts"), context.Settings.Seed, context.Cancellation);
                return [worst.Beta, worst.QuantileBeta, worst.Rounds];
            });
            yield return new(k, alpha, found[0], found[1], (int)found[2]);
        }
    }

    private static ModelCost Measure(StudyContext context, StudyModel model)
    {
        var text = context.Text("text");
        var values = context.Once($"cross-entropy/{model.Name}", () =>
        {
            using var loaded = context.Load(model);
            var window = Math.Min(context.Whole("window", 2), loaded.MaxPositions);
            var documents = CrossEntropy.Windows(text, model.Tokenizer, window, context.Whole("most-tokens", 2));
            var cost = CrossEntropy.Measure(loaded, model.Tokenizer, documents, context.Cancellation);
            return [loaded.Config.Parameters, cost.BitsPerToken, cost.StandardError, cost.BitsPerByte, cost.Tokens, cost.Documents];
        });
        return new(model.Name, values[0], new(values[1], values[2], values[3], (int)values[4], (int)values[5]));
    }
}
