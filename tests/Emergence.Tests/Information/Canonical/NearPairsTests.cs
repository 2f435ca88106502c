using Emergence.Devices;
using Emergence.Devices.Randomness;
using Emergence.Information.Canonical;
using Emergence.Information.Critics;
using Emergence.Information.Exact;

namespace Emergence.Tests.Information.Canonical;

public class NearPairsTests
{
    /// <summary>
    /// Sides where some classes share partners, by comparing all: no pair occurs, none off the list is nearer than one on it, and at
    /// most half of a class's pairs are taken.
    /// </summary>
    [Theory]
    [InlineData(700, 300, 40)]
    [InlineData(60, 20, 30)]
    public void Are_the_nearest_that_do_not_occur(int rows, int xs, int ys)
    {
        var joint = Joint(rows, xs, ys);
        var pairs = new CanonicalPairs(joint, 6, DoubleProducts.Alone);
        var (x, y) = (pairs.OfX(DoubleProducts.Alone), pairs.OfY(DoubleProducts.Alone));
        var near = new NearPairs(joint, NearestClasses.OfAll(joint, x, y, pairs.Correlations, DoubleProducts.Alone));
        var (occurs, taken) = (joint.Support.Select(pair => (pair.A, pair.B)).ToHashSet(), near.A.Zip(near.B).ToHashSet());
        Assert.Equal(near.A.Length, taken.Count);
        Assert.Empty(taken.Intersect(occurs));
        Assert.Equal(occurs.Concat(taken).Order(), near.WithSupport);
        Assert.Equal(taken.Sum(pair => joint.X.Weights[pair.First] * joint.Y.Weights[pair.Second]), near.Product, 1e-12);
        for (var a = 0; a < joint.X.Count; a++)
        {
            int[] free = [.. Enumerable.Range(0, joint.Y.Count).Where(b => !occurs.Contains((a, b)))];
            var most = Math.Min(Math.Max(32, (1 << 14) / joint.X.Count), free.Length / 2);
            Assert.Equal(most, free.Count(b => taken.Contains((a, b))));

            // Distances are compared in single precision: some ten roundings of 1.2e-7 each.
            if (most > 0)
                Assert.True(free.Where(b => taken.Contains((a, b))).Max(b => Distance(a, b))
                    <= free.Where(b => !taken.Contains((a, b))).Min(b => Distance(a, b)) * (1 + 2e-6));
        }

        double Distance(int a, int b)
        {
            var sum = 0.0;
            for (var c = 0; c < pairs.Count; c++)
            {
                var r = Math.Clamp(pairs.Correlations[c], 1e-3, 0.9999);
                var difference = (double)x[a * pairs.Count + c] - y[b * pairs.Count + c];
                sum += r / (1 - r * r) * difference * difference;
            }

            return sum;
        }
    }

    [Fact]
    public void Are_the_same_for_any_number_of_threads()
    {
        var joint = Joint(500, 200, 90);
        var pairs = new CanonicalPairs(joint, 6, DoubleProducts.Alone);
        var (x, y) = (pairs.OfX(DoubleProducts.Alone), pairs.OfY(DoubleProducts.Alone));
        var alone = new NearPairs(joint, NearestClasses.OfAll(joint, x, y, pairs.Correlations, DoubleProducts.Alone));
        var shared = new NearPairs(joint,
            NearestClasses.OfAll(joint, x, y, pairs.Correlations, (count, body) => Parallel.For(0, count, body)));
        Assert.Equal(alone.A, shared.A);
        Assert.Equal(alone.B, shared.B);
    }

    /// <summary>Draws fall off the support, and their weights stand for all that is there: their mean estimates any sum over those
    /// pairs.</summary>
    [Fact]
    public void Drawn_with_others_stand_for_all_pairs_off_the_support()
    {
        const int Count = 4_000, Steps = 100;
        var joint = Joint(500, 200, 90);
        var pairs = new CanonicalPairs(joint, 6, DoubleProducts.Alone);
        var near = new NearPairs(joint, NearestClasses.OfAll(joint, pairs.OfX(DoubleProducts.Alone),
            pairs.OfY(DoubleProducts.Alone), pairs.Correlations, DoubleProducts.Alone));
        var (source, weights) = SupportMine.OffSupport(joint, Count / 4, RandomStream.Pairs, near, 3 * Count / 4);
        Assert.Equal(Count, source.Count);
        Assert.Equal(1 - joint.SupportProduct, weights.Sum(), 1e-9);
        var occurs = joint.Support.Select(pair => (pair.A, pair.B)).ToHashSet();
        var (a, b, mean) = (new int[Count], new int[Count], 0.0);
        for (var step = 0; step < Steps; step++)
        {
            source.Draw(3, 1, step, a, b);
            Assert.DoesNotContain(a.Zip(b), occurs.Contains);
            mean += weights.Select((weight, i) => weight * Value(a[i], b[i])).Sum() / Steps;
        }

        // 100,000 draws of the others and more of the near, of values with a standard deviation of 0.32: an error of 1e-3, five times.
        var expected = joint.AllPairs().Where(pair => pair.Joint == 0).Sum(pair => pair.Product * Value(pair.A, pair.B));
        Assert.Equal(expected, mean, 5e-3);

        static double Value(int a, int b) => (a * 7 + b * 3) % 11 / 10.0;
    }

    /// <summary>Of 3,000 classes with partners that lie near, those that trees find are partners of none, hold most of the nearest, and are
    /// the same for any number of threads; of 3,000 that lie on each other they are some.</summary>
    [Fact]
    public void Of_many_classes_are_found_by_trees()
    {
        const int Classes = 3_000, Columns = 9, PerClass = 8;
        var joint = Disturbed(Classes, Columns);
        var pairs = new CanonicalPairs(joint, 6, DoubleProducts.Alone);
        var (x, y) = (pairs.OfX(DoubleProducts.Alone), pairs.OfY(DoubleProducts.Alone));
        var all = NearestClasses.OfAll(joint, x, y, pairs.Correlations, DoubleProducts.Alone);
        var some = NearestClasses.ByTrees(joint, x, y, pairs.Correlations, DoubleProducts.Alone);
        var shared = NearestClasses.ByTrees(joint, x, y, pairs.Correlations, (count, body) => Parallel.For(0, count, body));
        var found = 0;
        for (var a = 0; a < Classes; a++)
        {
            int[] near = [.. some.Of(a)];
            Assert.Equal(PerClass, near.Distinct().Count());
            Assert.DoesNotContain(joint.Support[a].B, near);
            Assert.Equal(near, shared.Of(a));
            found += near.Intersect(all.Of(a)).Count();
        }

        // The nearest eight are among the nearest 32.
        Assert.InRange(found, 0.9 * PerClass * Classes, PerClass * Classes);
        Assert.InRange(some.MultiplyAdds, 1, all.MultiplyAdds);
        var same = NearestClasses.ByTrees(joint, new float[x.Length], new float[y.Length], pairs.Correlations, DoubleProducts.Alone);
        Assert.All(Enumerable.Range(0, Classes), a => Assert.Equal(PerClass, same.Of(a).Except([joint.Support[a].B]).Count()));
    }

    /// <summary>One of three classes of y occurs with nearly all of x, and some classes of x with two or three: those have no pair that is
    /// near.</summary>
    [Fact]
    public void Of_classes_that_occur_with_all_others_there_are_none()
    {
        const int Classes = 300, Columns = 4;
        int[] x = [.. Enumerable.Range(0, Classes), .. Enumerable.Range(0, Classes / 2), .. Enumerable.Range(0, Classes / 4)];
        int[] y = [.. x.Select((_, row) => row < Classes ? 0 : row < Classes + Classes / 2 ? 1 : 2)];
        double[] ones = [.. x.Select(_ => 1.0)];
        var joint = new JointClasses(new(Cells.Gather(Cells.Vectors(Classes, Columns, 5), Columns, x), Columns, ones),
            new(Cells.Gather(Cells.Vectors(3, Columns, 6), Columns, y), Columns, ones), isEnumeration: true);
        var pairs = new CanonicalPairs(joint, 6, DoubleProducts.Alone);
        var nearest = NearestClasses.ByTrees(joint, pairs.OfX(DoubleProducts.Alone), pairs.OfY(DoubleProducts.Alone),
            pairs.Correlations, DoubleProducts.Alone);
        var partners = NearestClasses.Partners(joint);
        for (var a = 0; a < Classes; a++)
        {
            Assert.Equal((3 - partners[a].Length) / 2, nearest.Of(a).Length);
            Assert.Empty(nearest.Of(a).Intersect(partners[a]));
        }

        Assert.Contains(partners, row => row.Length > 1);
    }

    /// <summary>Near pairs of batches with any class of the whole, and others of the batch: in the mean over batches they stand for all
    /// pairs off the support.</summary>
    [Fact]
    public void Of_batches_stand_for_the_whole()
    {
        const int Classes = 600, Columns = 9, Size = 100, Rounds = 40, Count = 4_000;
        var joint = Disturbed(Classes, Columns);
        var pairs = new CanonicalPairs(joint, 6, DoubleProducts.Alone);
        var nearest = NearestClasses.ByTrees(joint, pairs.OfX(DoubleProducts.Alone), pairs.OfY(DoubleProducts.Alone),
            pairs.Correlations, DoubleProducts.Alone);
        var batches = new PairBatches(joint, Size, new RandomSequence(4, 0, RandomStream.Batches));
        var (mean, ofNear) = (0.0, 0.0);
        for (var round = 0; round < Rounds * batches.Count; round++)
        {
            var batch = batches.Next();
            var near = NearPairs.Of(batch, joint, nearest);
            int[] ofB = [.. batch.B, .. near.Beside];
            Assert.Equal(ofB.Length, ofB.Distinct().Count());
            for (var a = 0; a < batch.A.Length; a++)
                Assert.Equal(nearest.Of(batch.A[a]), near.B.Where((_, i) => near.A[i] == a).Select(b => ofB[b]).Order());
            var (source, weights) = SupportMine.OffSupport(batch, Count / 2, RandomStream.Pairs, near, Count / 2);
            var (a2, b2) = (new int[Count], new int[Count]);
            source.Draw(3, 1, round, a2, b2);
            for (var i = 0; i < Count; i++)
            {
                var value = weights[i] * Value(batch.A[a2[i]], ofB[b2[i]]) / (Rounds * batches.Count);
                mean += value;
                ofNear += near.Holds(a2[i], b2[i]) ? value : 0;
            }
        }

        var expected = joint.AllPairs().Where(pair => pair.Joint == 0).Sum(pair => pair.Product * Value(pair.A, pair.B));
        var expectedOfNear = Enumerable.Range(0, Classes).Sum(a => nearest.Of(a).Sum(b => Value(a, b))) / Classes / Classes;

        // 480,000 draws of each kind, of values with a standard deviation of 0.32 and a mean of 0.5: five standard errors.
        Assert.Equal(expected, mean, 2.5e-3);
        Assert.Equal(1, ofNear / expectedOfNear, 5e-3);

        static double Value(int a, int b) => (a * 7 + b * 3) % 11 / 10.0;
    }

    /// <summary>Of many pairs, evenly spread ones tell the covariances as far as a map needs it; and those of both sides and between them
    /// are of the same pairs, so that no correlation is above 1, whatever the order of the classes of one side is in the other.</summary>
    [Fact]
    public void Of_many_pairs_some_make_the_maps()
    {
        const int Classes = 40_000, Columns = 3;
        var values = Cells.Vectors(Classes, Columns, 8);
        for (var k = 0; k < Classes; k++)
            values[k * Columns + 1] += 30 * values[k * Columns];
        var rows = new RowClasses(values, Columns, [.. Enumerable.Repeat(1.0, Classes)]);
        float[] turned = [.. Enumerable.Range(0, values.Length).Select(i => -values[i - i % Columns + (i + 1) % Columns])];
        var other = new RowClasses(turned, Columns, [.. Enumerable.Repeat(1.0, Classes)]);
        var pairs = new CanonicalPairs(new(rows, other, isEnumeration: true), 64, DoubleProducts.Alone);
        Assert.All(pairs.Correlations, correlation => Assert.Equal(1, correlation, 1e-9));
        var whitening = pairs.X;
        Assert.Equal(new WhitenedSide(Columns, 0, 0), whitening.Describe());
        var white = whitening.Project(DoubleProducts.Alone, Columns, whitening.FillMapColumn, isLower: true);
        Assert.Equal(white, whitening.Project(DoubleProducts.Alone, Columns, whitening.FillMapColumn));

        // Of 16,384 of the rows a variance has a standard error of 1.1 %: four of them.
        for (var i = 0; i < Columns; i++)
        {
            for (var j = 0; j <= i; j++)
                Assert.Equal(i == j ? 1 : 0,
                    Enumerable.Range(0, Classes).Average(k => (double)white[k * Columns + i] * white[k * Columns + j]), 0.044);
        }
    }

    private static JointClasses Joint(int rows, int xs, int ys)
    {
        const int Columns = 9;
        var random = new RandomSequence(12, 0, RandomStream.Samplers);
        var drawn = Enumerable.Range(0, rows).Select(_ => random.NextInt(xs))
            .Select(k => (X: k, Y: random.NextInt(4) == 0 ? random.NextInt(ys) : k % ys)).ToArray();
        double[] weights = [.. drawn.Select(_ => (double)(1 + random.NextInt(5)))];
        return new(new(Cells.Gather(Cells.Vectors(xs, Columns, 31), Columns, drawn.Select(row => row.X)), Columns, weights),
            new(Cells.Gather(Cells.Vectors(ys, Columns, 32), Columns, drawn.Select(row => row.Y)), Columns, weights), isEnumeration: true);
    }

    /// <summary>Vectors, and the same with some noise.</summary>
    private static JointClasses Disturbed(int classes, int columns)
    {
        var (x, noise) = (Cells.Vectors(classes, columns, 5), Cells.Vectors(classes, columns, 6));
        double[] ones = [.. Enumerable.Repeat(1.0, classes)];
        return new(new(x, columns, ones), new([.. x.Zip(noise, (value, more) => value + 0.2f * more)], columns, ones), isEnumeration: true);
    }
}
