using Emergence.Datasets;
using Emergence.Information.Critics;
using Emergence.Measurement.Results;
using Emergence.Messages;
using Emergence.Models;
using Emergence.Studies.InContext;

namespace Emergence.Studies;

/// <summary>"icl": whether a model reads a task off its demonstrations, knows it, or composes it (Li et al., ACL 2024).</summary>
internal sealed class InContextStudy : Study
{
    private const string Template = "{1}, The emotion of this sentence is {2:0=negative,1=positive},";

    public override string Name => "icl";

    public override string Description => "few-shot classification with labels and words exchanged: what of it is learned in context";

    public override string Title => "What is learned in context";

    public override IReadOnlyList<StudyOption> Options { get; } =
    [
        new("data", "FILE", "Demonstrations: rows of a .tsv, .csv or .jsonl file with a text and a label"),
        new("queries", "FILE", "Rows that are asked; by default half of the rows of --data, which are then not shown",
            Kind: StudyOptionKind.File),
        new("template", "TEXT", "Text of a shot; fields are columns by name or number, the last one is the label", Template),
        new("wordnet", "DIR", "Folder with WordNet's data.noun, index.noun, ..., for synonyms and antonyms"),
        new("pairs", "FILE", "Lines WORD TAB synonym|antonym|keyword TAB WORD instead", Kind: StudyOptionKind.File),
        new("demonstrations", "LIST", "Shots before a query, e.g. 0,2,8", "2,4,8"),
        new("trials", "N", "Draws of demonstrations and queries", "5"),
        new("asked", "N", "Queries of a trial", "40"),
        new("depth", "N", "Steps of the longest chain of synonyms", "3"),
        new("most-words", "N", "Rows with more words are left out", "20"),
        new("ie-shots", "N", "Shots of the sequences of which IE is measured, 0 for none", "2"),
        new("field-tokens", "N", "Tokens that texts are cut to there; shorter ones are left out", "6"),
        .. StudyOption.Measurement.Select(option => option.Name == "estimator" ? option with { Default = "noisy-channel" } : option),
    ];

    public override StudyResult Run(StudyContext context)
    {
        var runs = context.Models.Select(model => new ModelScores(context, model, Task(context, model)).Run()).ToList();
        return InContextReport.Write(context, runs);
    }

    /// <summary>Rows as the template's fields, for one tokenizer.</summary>
    private static InContextTask Task(StudyContext context, StudyModel model)
    {
        var template = ShotTemplate.Parse(context.Text("template"));
        var rows = Short(context, template, context.Text("data"));
        if (context.Optional("queries") is { } queries)
            return new(template, model.Tokenizer, rows, Short(context, template, queries));
        var half = rows.Count / 2;
        return new(template, model.Tokenizer, rows[..half], rows[half..]);
    }

    private static List<string[]> Short(StudyContext context, ShotTemplate template, string path)
    {
        var (all, most) = (LabelledRows.Read(path, template.Fields), context.Whole("most-words"));
        var rows = all.Where(row => row.All(field => field.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length <= most))
            .ToList();
        return rows.Count > 1
            ? rows
            : throw new EmergenceException(
                $"{path}: expected rows of {most} words or fewer, found {rows.Count} of {all.Count}: raise --most-words", ExitCode.Usage);
    }

    /// <summary>Everything that is measured of one model.</summary>
    private sealed class ModelScores(StudyContext context, StudyModel model, InContextTask task)
    {
        private readonly int _trials = context.Whole("trials", 2);
        private readonly int _asked = context.Whole("asked", task.Labels.Count);
        private readonly int[] _shots = Shots(context);
        private LanguageModel? _loaded;

        public ModelRun Run()
        {
            try
            {
                var relations = Relations();
                var mappings = new AnswerMappings(task, relations, context.Settings.Seed);
                var (all, vocabulary) = (mappings.All(context.Whole("depth", 0)), Vocabulary(mappings, relations));
                foreach (var note in mappings.Notes)
                    context.Say(note);
                var trials = new InContextTrials(task, _shots.Max(), _asked, context.Settings.Seed);
                var words = new WordPermutation(task.Examples.Concat(task.Queries).SelectMany(task.TextWords), context.Settings.Seed);
                var scores = all.SelectMany(mapping => _shots.Select(shots => Score(trials, mapping, words, vocabulary, shots))).ToList();
                var baselines = _shots.Where(shots => shots > 0).SelectMany(shots => BaselineScores(trials, shots)).ToList();
                var emergence = all.SelectMany(mapping => Emergence(mapping, words)).ToList();
                return new(model.Name, task, all, mappings.Notes, scores, baselines, emergence);
            }
            finally
            {
                _loaded?.Dispose();
            }
        }

        private LanguageModel Loaded => _loaded ??= context.Load(model);

        private static int[] Shots(StudyContext context) =>
            [.. NumberList.ParseWhole("--demonstrations", context.Text("demonstrations"), values =>
                values.Max() > 0, "whole numbers with commas, one above 0, e.g. 0,2,8").Distinct().Order()];

        private WordRelations? Relations() => (context.Optional("wordnet"), context.Optional("pairs")) switch
        {
            ({ } folder, null) => WordNet.Read(folder),
            (null, { } file) => WordRelations.ReadPairs(file),
            (null, null) => null,
            _ => throw new EmergenceException("--wordnet and --pairs: expected one of them", ExitCode.Usage),
        };

        /// <summary>Words that mappings are tried on by themselves: those of the pairs, then those of the texts.</summary>
        private List<string> Vocabulary(AnswerMappings mappings, WordRelations? relations)
        {
            var paired = context.Optional("pairs") == null ? [] : relations!.Pairs(WordRelation.Synonym)
                .Concat(relations.Pairs(WordRelation.Antonym)).Select(pair => pair.Word);
            return [.. paired.Concat(mappings.FrequentAnswers).Distinct().Where(word => task.AnswerToken(word) != null)];
        }

        private Score Score(InContextTrials trials, AnswerMapping mapping, WordPermutation words, List<string> vocabulary, int shots)
        {
            context.Say($"{model.Name}: {mapping.Name}, {shots} demonstrations");
            var (f1, accuracy, own) = (new double[_trials], new double[_trials], new double[_trials]);
            var questions = new Dictionary<string, Question>();
            for (var trial = 0; trial < _trials; trial++)
            {
                if (!context.Knows(OfClasses(trial)))
                    questions.Add(OfClasses(trial), trials.OfClasses(mapping, words, shots, trial));
                if (mapping.Target != null && !context.Knows(OfMapping(trial)))
                    questions.Add(OfMapping(trial), trials.OfMapping(mapping, vocabulary, shots, trial));
            }

            var answers = questions.Count == 0 ? []
                : questions.Keys.Zip(Question.Ask(Loaded, [.. questions.Values], context.Cancellation)).ToDictionary();
            for (var trial = 0; trial < _trials; trial++)
            {
                var (truth, (ofClasses, ofMapping)) = (Truth(trials, trial), (OfClasses(trial), OfMapping(trial)));
                var predicted = Whole(context.Once(ofClasses, () => [.. answers[ofClasses].Select(c => (double)c)]));
                (f1[trial], accuracy[trial]) =
                    (ClassScores.MacroF1(truth, predicted, task.Labels.Count), ClassScores.Accuracy(truth, predicted));
                own[trial] = mapping.Target == null ? double.NaN
                    : context.Once(ofMapping, () => [questions[ofMapping].Accuracy(answers[ofMapping])])[0];
            }

            return new(mapping.Name, shots, f1, accuracy, own);

            string OfClasses(int trial) => $"{model.Name}/{mapping.Name}/{shots}/{trial}";

            string OfMapping(int trial) => $"{model.Name}/own score of {mapping.Name}/{shots}/{trial}";
        }

        private IEnumerable<Score> BaselineScores(InContextTrials trials, int shots)
        {
            foreach (var name in (string[])["logistic regression on words", "least squares on embeddings"])
            {
                var (f1, accuracy) = (new double[_trials], new double[_trials]);
                for (var trial = 0; trial < _trials; trial++)
                {
                    var (examples, queries, truth) =
                        (trials.Examples(trial).Take(shots).ToList(), trials.Queries(trial), Truth(trials, trial));
                    var predicted = Whole(context.Once($"{model.Name}/{name}/{shots}/{trial}", () =>
                        [.. (name.StartsWith("logistic", StringComparison.Ordinal) ? Baselines.BagOfWords(task, examples, queries)
                            : Baselines.Embeddings(task, Loaded, examples, queries, context.Cancellation)).Select(c => (double)c)]));
                    (f1[trial], accuracy[trial]) =
                        (ClassScores.MacroF1(truth, predicted, task.Labels.Count), ClassScores.Accuracy(truth, predicted));
                }

                yield return new(name, shots, f1, accuracy, [.. f1.Select(_ => double.NaN)]);
            }
        }

        /// <summary>E(T) at the end of each shot, along sequences of demonstrations of the first trial's mapping.</summary>
        private IEnumerable<(string Mapping, EmergenceMean Mean)> Emergence(AnswerMapping mapping, WordPermutation words)
        {
            var shots = context.Whole("ie-shots", 0);
            if (shots == 0)
                yield break;
            var settings = context.Measurement(model, context.Text("data"))
                with { Shots = shots, FieldTokens = context.Whole("field-tokens") };
            var (answers, exchanged) = (mapping.Answers(0), mapping.AltersText ? words : null);
            var rows = task.Examples.Select(row => task.Altered(row, answers, exchanged)).ToList();
            var options = new DatasetOptions(settings, model.Folder, CriticPreset.Find(settings.Preset ?? "small").Sequences);
            var data = TemplateSequences.Create(mapping.Name, ShotTemplate.Parse(context.Text("template")), rows, model.Tokenizer, options,
                settings.FieldTokens).Data;
            var results = context.Measure($"{model.Name}-{mapping.Name.Replace(' ', '-')}", settings, data);
            foreach (var mean in results.Means.Where(mean => mean.Shot > 0))
                yield return (mapping.Name, mean);
        }

        private static int[] Truth(InContextTrials trials, int trial) => [.. trials.Queries(trial).Select(row => row.Class)];

        private static int[] Whole(double[] values) => [.. values.Select(value => (int)value)];
    }
}
