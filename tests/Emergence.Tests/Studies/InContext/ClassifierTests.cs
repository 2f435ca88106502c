using Emergence.Devices.Randomness;
using Emergence.Studies.InContext;

namespace Emergence.Tests.Studies.InContext;

public sealed class ClassifierTests
{
    [Fact]
    public void Macro_f1_by_hand()
    {
        // class 0: TP 2, FP 1, FN 1: 4/6; class 1: TP 1, FP 1, FN 1: 2/4; class 2: TP 1, FP 0, FN 0: 1
        int[] truth = [0, 0, 0, 1, 1, 2];
        int[] predicted = [0, 0, 1, 1, 0, 2];

        Assert.Equal((2 / 3.0 + 0.5 + 1) / 3, ClassScores.MacroF1(truth, predicted, 3), 1e-15);
        Assert.Equal(4 / 6.0, ClassScores.Accuracy(truth, predicted), 1e-15);
    }

    [Fact]
    public void Always_the_same_answer_has_a_third_and_a_class_that_is_nowhere_counts_nothing()
    {
        Assert.Equal(1 / 3.0, ClassScores.MacroF1([0, 0, 1, 1], [0, 0, 0, 0], 2), 1e-15); // 2*2/6 and 0
        Assert.Equal(2 / 3.0, ClassScores.MacroF1([0, 1], [0, 1], 3), 1e-15);
    }

    [Fact]
    public void Logistic_regression_of_one_feature_by_hand()
    {
        // two examples x = (1, 1) and (-1, 1) with the constant: f = +-w for opposite classes, the bias is 0; the loss
        // 2 ln(1 + e^-w) + w^2 / 2 is least where 2 / (1 + e^w) = w: w = 0.8060614 to 1e-7
        double[] kernel = [2, 0, 0, 2];
        var a = LinearClassifiers.LogisticDual(kernel, [true, false], 1);

        var w = a[0] - a[1];
        Assert.Equal(2 / (1 + Math.Exp(w)), w, 1e-9);
        Assert.Equal(0, a[0] + a[1], 1e-9);
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(1)]
    [InlineData(100)]
    public void Logistic_regression_ends_where_its_gradient_is_zero(double l2)
    {
        var random = new RandomSequence(4, 0, RandomStream.Samplers);
        var (n, features) = (12, 30);
        var x = Enumerable.Range(0, n).Select(_ => Enumerable.Range(0, features).Select(_ => (double)random.NextInt(3)).ToArray())
            .ToArray();
        var truth = Enumerable.Range(0, n).Select(i => i % 3 == 0).ToArray();
        var kernel = (from a in x from b in x select 1 + a.Zip(b, (p, q) => p * q).Sum()).ToArray();

        var dual = LinearClassifiers.LogisticDual(kernel, truth, l2);

        // l2 w = sum (t - p) x, with the constant as one more feature
        double[] Row(int i) => [.. x[i], 1];
        var w = Enumerable.Range(0, features + 1).Select(k => Enumerable.Range(0, n).Sum(i => dual[i] * Row(i)[k])).ToArray();
        for (var k = 0; k <= features; k++)
        {
            var gradient = Enumerable.Range(0, n)
                .Sum(i => ((truth[i] ? 1 : 0) - 1 / (1 + Math.Exp(-Row(i).Zip(w, (p, q) => p * q).Sum()))) * Row(i)[k]);
            Assert.Equal(l2 * w[k], gradient, 1e-6);
        }
    }

    [Fact]
    public void Separable_classes_are_told_apart_by_both()
    {
        double[][] examples = [[1, 0, 0], [2, 0, 0], [0, 1, 0], [0, 3, 0], [0, 0, 1], [0, 0, 2]];
        int[] classes = [0, 0, 1, 1, 2, 2];
        double[][] queries = [[0, 2, 0], [4, 0, 1], [0, 0, 1]];

        Assert.Equal([1, 0, 2], LinearClassifiers.Logistic(examples, classes, queries, 3, 0.1));
        Assert.Equal([1, 0, 2], LinearClassifiers.LeastSquares(examples, classes, queries, 3, 0.1));
    }

    [Fact]
    public void Least_squares_by_hand()
    {
        // x = 0, 1, 2 with classes 0, 0, 1; with hardly a penalty the line for class 1 is -1/6 + x/2, which passes 1/2 at 4/3
        double[][] examples = [[0], [1], [2]];

        Assert.Equal([0, 1], LinearClassifiers.LeastSquares(examples, [0, 0, 1], [[1.30], [1.36]], 2, 1e-7));
    }
}
