using Emergence.Devices.Randomness;
using Emergence.Models.Vision;

namespace Emergence.Studies.Composites;

/// <summary>
/// Everything of one seed: who trains the encoder, whose composites train the head, whose test it; the encoder; heads and their
/// scores. Work is done once and kept in the study's journal.
/// </summary>
internal sealed class CompositeTrial
{
    public const string Pixels = "pixels", Hidden = "encoder-hidden", Logits = "encoder-logits", Probabilities = "encoder-probs",
        Clip = "clip";

    /// <summary>Test composites whose highest scores are kept for pictures.</summary>
    private const int Shown = 200;

    /// <summary>The part of the images for training composites, and of these composites, that chooses the penalty.</summary>
    private const double HeldOutShare = 0.2;

    private readonly StudyContext _context;
    private readonly DigitImages _images;
    private readonly bool _isDistinct;
    private readonly int _test;
    private readonly ulong _seed;
    private readonly Func<IReadOnlyList<Picture>, double[][]> _clip;
    private readonly int[] _forEncoder, _forTraining, _forChoice, _forTest;
    private readonly Dictionary<string, FeatureReader> _readers = [];
    private DigitEncoder? _encoder;

    /// <param name="context">The study's.</param>
    /// <param name="images">Single digits.</param>
    /// <param name="isDistinct">All digits of a composite differ.</param>
    /// <param name="seed">Seed of this trial.</param>
    /// <param name="clip">Embeddings of pictures by the model of the folder that was named.</param>
    public CompositeTrial(StudyContext context, DigitImages images, bool isDistinct, ulong seed,
        Func<IReadOnlyList<Picture>, double[][]> clip)
    {
        (_context, _images, _isDistinct, _seed, _clip) = (context, images, isDistinct, seed, clip);
        _test = context.Whole("test");
        int[] order = [.. Enumerable.Range(0, images.Count)];
        new RandomSequence(seed, 0, RandomStream.Tasks).Shuffle(order.AsSpan());
        var third = images.Count / 3;
        var choice = (int)Math.Ceiling(HeldOutShare * third);
        if (choice == 0 || choice == third)
            throw new EmergenceException($"{images.Source}: {images.Count} images: expected enough for three parts", ExitCode.Usage);
        _forEncoder = order[..Math.Min(third, context.Whole("encoder-images"))];
        (_forTraining, _forChoice, _forTest) =
            (order[third..(2 * third - choice)], order[(2 * third - choice)..(2 * third)], order[(2 * third)..]);
    }

    /// <summary>Images of the parts: for the encoder, training composites, test composites.</summary>
    public (int Encoder, int Training, int Test) Parts => (_forEncoder.Length, _forTraining.Length + _forChoice.Length, _forTest.Length);

    public SingleScore Single(string feature)
    {
        var values = _context.Once($"single/{feature}/{_seed}", () =>
        {
            Say(feature, "single digits");
            var reader = Reader(feature);
            var choice = HeadChoice.Make(_context.Device, Digits(_forTraining), Digits(_forChoice), _context.Cancellation);
            var (test, labels) = (choice.Head.LogProbabilities(reader.Singles(_forTest)), Labels(_forTest));
            var rows = feature is Hidden or Logits or Probabilities ? Reader(Logits).Singles(_forTest) : test;
            var accuracy = labels.Select((label, i) => HeadChoice.Ranking(rows[i])[0] == label ? 1.0 : 0).Average();
            double[] counts = [.. labels.CountBy(label => label).Select(pair => (double)pair.Value)];
            var ceiling = Information.Exact.Entropy.Bits(counts, labels.Length);
            return [accuracy, Math.Max(0, ceiling - HeadChoice.Loss(test, labels) / Math.Log(2)), ceiling,
                RankInformation.ByNeighbours(test, labels, ceiling)];

            HeadExamples Digits(int[] part) => new(reader.Singles(part), Labels(part));
        });
        return new(values[0], values[1], values[2], values[3]);
    }

    /// <param name="feature">One of those named here.</param>
    /// <param name="pooling">How cells become one row.</param>
    /// <param name="grid">Grid of the cells.</param>
    /// <param name="train">Training composites.</param>
    /// <param name="asksNeighbours">Whether neighbours are asked too, which takes long.</param>
    public CompositeScore Score(string feature, Pooling pooling, CompositeGrid grid, int train, bool asksNeighbours)
    {
        var key = FormattableString.Invariant($"score/{feature}/{pooling}/{grid}/{train}/{_seed}{(asksNeighbours ? "/all" : "")}");
        return CompositeScore.Of(_context.Once(key, () =>
        {
            Say(feature, FormattableString.Invariant($"{Word(pooling)}, {grid}, {train} training images"));
            return Measure(feature, pooling, grid, train, asksNeighbours).ToValues();
        }));
    }

    /// <summary>The first test composites with the digits of the highest scores, the highest first.</summary>
    public IReadOnlyList<(Picture Picture, Composite Composite, int[] Top)> Examples(string feature, Pooling pooling, CompositeGrid grid,
        int train)
    {
        var shown = Test(grid)[..Math.Min(Shown, _test)];
        var tops = _context.Once(FormattableString.Invariant($"tops/{feature}/{pooling}/{grid}/{train}/{_seed}"), () =>
        {
            var (choice, _) = Choose(feature, pooling, grid, train);
            return [.. choice.Head.LogProbabilities(Reader(feature).Of(shown, grid, pooling))
                .SelectMany(row => HeadChoice.Ranking(row).Select(digit => (double)digit))];
        });
        var reader = new FeatureReader(_images, _ => []);
        return [.. shown.Zip(tops.Chunk(DigitImages.Classes), (composite, ranking) => (reader.Draw(composite, grid), composite,
            ranking.Take(composite.Set.Length).Select(digit => (int)digit).ToArray()))];
    }

    /// <summary>As users type it.</summary>
    public static string Word(Pooling pooling) => pooling.ToString().ToLowerInvariant();

    private CompositeScore Measure(string feature, Pooling pooling, CompositeGrid grid, int train, bool asksNeighbours)
    {
        var kind = new CompositeKind(grid, _isDistinct);
        var (choice, power) = Choose(feature, pooling, grid, train);
        var test = Test(grid);
        var scores = choice.Head.LogProbabilities(Reader(feature).Of(test, grid, pooling));
        var rankings = Array.ConvertAll(scores, HeadChoice.Ranking);
        var onTop = test.Select((composite, n) => rankings[n].Take(composite.Set.Length).Intersect(composite.Set).ToArray()).ToArray();
        var presence = RankInformation.Of(rankings, (n, digit) => test[n].Set.Contains(digit));
        var cells = Enumerable.Range(0, grid.Cells)
            .Select(cell => RankInformation.Of(rankings, (n, digit) => test[n].Digits[cell] == digit)).ToArray();
        var classes = _forTest.Select(image => _images.Labels[image]).Distinct().Count();
        var (setCeiling, sets) = (kind.SetBits(classes), test.Select(composite => composite.Set.Sum(digit => 1 << digit)).ToArray());
        var guess = test.Select((composite, n) => SetGuess.LogChance(scores[n], composite.Set, power) / Math.Log(2)
            + Math.Log2(CompositeKind.Subsets(classes, composite.Set.Length))).Average();
        return new()
        {
            Hits = onTop.Where((found, n) => found.Length == test[n].Set.Length).Count(),
            Trials = test.Length,
            DigitsOnTop = onTop.Average(found => found.Length),
            Loss = HeadChoice.Loss(scores, [.. test.Select(composite => composite.Label)]),
            LowestLoss = kind.LowestLoss(test),
            Chance = CompositeKind.Chance(test),
            L2 = choice.L2,
            HeldOutLoss = choice.HeldOutLoss,
            PresenceBits = presence.Bits,
            PresenceCeiling = presence.Ceiling,
            CellBits = cells.Average(cell => cell.Bits),
            CellCeiling = cells.Average(cell => cell.Ceiling),
            SetBits = Math.Clamp(guess, 0, setCeiling),
            SetCeiling = setCeiling,
            SetNeighbourBits = asksNeighbours ? RankInformation.ByNeighbours(scores, sets, setCeiling) : double.NaN,
            Recall = [.. Enumerable.Range(0, DigitImages.Classes).Select(digit => onTop.Where((_, n) => test[n].Set.Contains(digit))
                .Select(found => found.Contains(digit) ? 1.0 : 0).DefaultIfEmpty(double.NaN).Average())],
        };
    }

    /// <summary>The head, and the power of its guesses of sets.</summary>
    private (HeadChoice Choice, double Power) Choose(string feature, Pooling pooling, CompositeGrid grid, int train)
    {
        var kind = new CompositeKind(grid, _isDistinct);
        var choosing = Math.Max(1, (int)(HeldOutShare * train));
        var training = kind.Draw(_images, _forTraining, train - choosing, Random(grid, 0));
        var heldOut = kind.Draw(_images, _forChoice, choosing, Random(grid, 1));
        var examples = Examples(heldOut);
        var choice = HeadChoice.Make(_context.Device, Examples(training), examples, _context.Cancellation);
        return (choice, SetGuess.Fit(choice.Candidate.LogProbabilities(examples.Features), heldOut));

        HeadExamples Examples(Composite[] composites) =>
            new(Reader(feature).Of(composites, grid, pooling), [.. composites.Select(composite => composite.Label)]);
    }

    private Composite[] Test(CompositeGrid grid) => new CompositeKind(grid, _isDistinct).Draw(_images, _forTest, _test, Random(grid, 2));

    private RandomSequence Random(CompositeGrid grid, uint part) =>
        new(_seed, (uint)(100 * grid.Rows + 10 * grid.Columns) + part, RandomStream.Tasks);

    private int[] Labels(int[] part) => [.. part.Select(image => _images.Labels[image])];

    private FeatureReader Reader(string feature)
    {
        if (_readers.TryGetValue(feature, out var known))
            return known;
        if (feature is Hidden or Logits or Probabilities && _encoder == null)
        {
            _context.Say($"seed {_seed}: training the encoder on {_forEncoder.Length} single digits");
            _encoder = DigitEncoder.Train(_context.Device, _images, _forEncoder, _seed, _context.Cancellation);
        }

        return _readers[feature] = new(_images, feature switch
        {
            Hidden => pictures => _encoder!.Read(pictures).Hidden,
            Logits => pictures => _encoder!.Read(pictures).Logits,
            Probabilities => pictures => _encoder!.Read(pictures).Probabilities,
            Clip => _clip,
            _ => pictures => [.. pictures.Select(picture => Array.ConvertAll(picture.Pixels, value => (double)value))],
        });
    }

    private void Say(string feature, string what) => _context.Say($"seed {_seed}: {feature}, {what}");
}
