using Emergence.Information;
using Emergence.Information.Critics;
using Emergence.Information.Exact;
using Emergence.Tests.Devices;

namespace Emergence.Tests.Information;

public class EstimationBatchTests
{
    [Theory]
    [MemberData(nameof(Cells.Devices), MemberType = typeof(Cells))]
    public void Results_do_not_depend_on_threads_or_company(string name)
    {
        var brief = Cells.Sampling with { StepLimit = 50, Pairs = 70 };
        EstimationRequest[] requests =
        [
            .. Enumerable.Range(1, 3).Select(seed => Cells.Request("s-mine", Cells.Bijection(33, 8), brief, (ulong)seed)),
            Cells.Request("s-mine", Cells.Mixed([.. Enumerable.Range(0, 100)]), brief with { StepLimit = 100 }),
            Cells.Request("exact", Cells.Bijection(33, 8)),
            Cells.Request("paper", Cells.Bijection(20, 8, count: 2), brief),
        ];
        string[] Run(int threads, int atOnce, bool reversed)
        {
            using var device = Cells.Open(name, threads);
            var order = reversed ? requests.Reverse().ToArray() : requests;
            var results = Cells.Estimate(device, atOnce, order).Select(Cells.Bytes).ToArray();
            return reversed ? [.. results.Reverse()] : results;
        }

        var alone = Run(1, 1, false);
        Assert.Equal(6, alone.Distinct().Count());
        Assert.Equal(alone, Run(2, 1, false));
        Assert.Equal(alone, Run(2, 6, false));
        Assert.Equal(alone, Run(1, 3, true));
    }

    /// <summary>Trainings of one block, queued ones, and pairs that only the host draws, in several companies.</summary>
    [Fact]
    public void Results_of_the_emulator_do_not_depend_on_company()
    {
        var brief = Cells.Sampling with { StepLimit = 50, Pairs = 70 };
        EstimationRequest[] requests =
        [
            Cells.Request("s-mine", Cells.Bijection(12, 8), brief),
            Cells.Request("s-mine", Cells.Bijection(12, 8), brief with { Widths = [64, 32, 16, 1] }, seed: 2),
            Cells.Request("s-mine", Cells.Bijection(9, 3), brief with { Widths = [64, 32, 16, 1] }),
            Cells.Request("paper", Cells.Bijection(20, 8, count: 2), brief),
        ];
        var device = TestDevices.Get("emulator");
        var alone = Cells.Estimate(device, 1, requests).Select(Cells.Bytes).ToArray();
        Assert.Equal(4, alone.Distinct().Count());
        Assert.Equal(alone, Cells.Estimate(device, 4, requests).Select(Cells.Bytes));
        Assert.Equal(alone.Reverse(), Cells.Estimate(device, 2, [.. requests.Reverse()]).Select(Cells.Bytes));
    }

    [Fact]
    public void Requests_are_read_only_as_far_as_there_is_room()
    {
        using var device = Cells.Open("reference");
        using var batch = new EstimationBatch(device, 2);
        var (read, done, most) = (0, 0, 0);
        IEnumerable<EstimationRequest> Requests()
        {
            for (; read < 5;)
            {
                read++;
                yield return Cells.Request("s-mine", Cells.Bijection(20, 4), Cells.Sampling with { StepLimit = 50 }, (ulong)read);
            }
        }

        batch.Run(Requests(), (_, _) => most = Math.Max(most, read - done++), CancellationToken.None);
        Assert.Equal((5, 5, 2), (read, done, most));
    }

    [Fact]
    public void Cancelling_ends_the_work_and_leaves_the_batch_usable()
    {
        using var device = Cells.Open("reference");
        using var batch = new EstimationBatch(device, 1);
        using var cancellation = new CancellationTokenSource();
        var requests = Enumerable.Range(1, 4)
            .Select(seed => Cells.Request("s-mine", Cells.Bijection(20, 4), Cells.Sampling with { StepLimit = 50 }, (ulong)seed)).ToArray();
        var done = new List<EstimationRequest>();
        Assert.Throws<OperationCanceledException>(() => batch.Run(requests, (request, _) =>
        {
            done.Add(request);
            if (done.Count == 2)
                cancellation.Cancel();
        }, cancellation.Token));
        Assert.Equal(requests[..2], done);

        batch.Run(requests[2..], (request, _) => done.Add(request), CancellationToken.None);
        Assert.Equal(requests, done);
    }

    [Fact]
    public void Inputs_that_are_not_finite_fail_the_cell_and_not_the_run()
    {
        var rows = Cells.Vectors(20, 4, 1);
        rows[5] = float.NaN;
        var weights = Enumerable.Repeat(1.0, 20).ToArray();
        var broken = new JointClasses(new(rows, 4, weights), new(Cells.Vectors(20, 4, 2), 4, weights), isEnumeration: true);
        using var device = Cells.Open("reference");
        var results = Cells.Estimate(
            device,
            3,
            Cells.Request("s-mine", broken),
            Cells.Request("paper", broken),
            Cells.Request("s-mine", Cells.Bijection(20, 4), Cells.Sampling));
        foreach (var result in results[..2])
        {
            Assert.Equal((Verdict.Failed, "1 inputs are not finite", 1), (result.Verdict, result.Failure, result.NonFinite));
            Assert.True(double.IsNaN(result.MiBits));
        }

        Assert.NotEqual(Verdict.Failed, results[2].Verdict);
    }

    /// <summary>An update of step 60 that is not a number shows in the value of step 61.</summary>
    [Theory]
    [InlineData("s-mine")]
    [InlineData("paper")]
    public void A_training_that_breaks_says_when_and_what_was_last(string estimator)
    {
        using var device = Cells.Open("reference");
        var rate = new LearningRate("breaks", step => step == 60 ? double.NaN : 1e-4);
        var result = Cells.Estimate(device, Cells.Request(estimator, Cells.Bijection(20, 4), Cells.Sampling with { Rate = rate }));
        Assert.Equal((Verdict.Failed, StopReason.Failed, 61), (result.Verdict, result.StoppedBy, result.Steps));
        Assert.Equal(FormattableString.Invariant($"failed at step 61, last finite {result.Curve[^1]:0.00}"), result.Failure);
        Assert.True(double.IsNaN(result.MiBits) && result.NonFinite > 0);
    }

    [Fact]
    public void Unknown_names_are_refused_with_the_known_ones()
    {
        Assert.Contains("exact, s-mine, resolved, paper", Assert.Throws<EmergenceException>(() => EstimatorTable.Find("mine")).Message,
            StringComparison.Ordinal);
        Assert.Contains("small, paper", Assert.Throws<EmergenceException>(() => CriticPreset.Find("large")).Message,
            StringComparison.Ordinal);
        Assert.Throws<EmergenceException>(() => CriticPreset.Small with { StepLimit = 70 });
    }
}
