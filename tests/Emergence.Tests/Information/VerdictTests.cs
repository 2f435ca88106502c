using Emergence.Information;

namespace Emergence.Tests.Information;

public class VerdictTests
{
    /// <summary>An enumeration of 25 classes, resolved: ok.</summary>
    private static readonly MutualInformation Good = new()
    {
        Estimator = "s-mine",
        MiBits = 4.635,
        ExactBits = 4.644,
        HPrefixBits = 4.644,
        Log2N = Math.Log2(2000),
        K = 25,
        KX = 25,
        KY = 25,
        Mu = 80,
        StoppedBy = StopReason.Ceiling,
    };

    [Fact]
    public void The_first_rule_that_matches_decides()
    {
        Check("ok", Good);
        Check("ok", Good with { K = 1000 });
        Check("at ceiling", Good with { K = 1001 });
        Check("ok", Good with { K = 1001, IsEnumeration = true });
        Check("at ceiling", Good with { ExactBits = double.PositiveInfinity });
        Check("below exact", Good with { MiBits = 4.6, K = 1001 });
        Check("unreliable", Good with { MiBits = 4.6, StoppedBy = StopReason.Limit });
        Check("below exact", Good with { MiBits = 4.6, StoppedBy = StopReason.Level });
        Check("unreliable", Good with { MiBits = 4.6, SdBits = 0.051 });
        Check("ok", Good with { SdBits = 0.049 });
        Check("failed", Good with { MiBits = double.NaN, SdBits = 1 });
        Check("failed", Good with { Failure = "no memory" });
    }

    [Fact]
    public void The_published_protocol_needs_coincidences_and_values_below_the_exact_one()
    {
        var paper = Good with { Estimator = "paper", StoppedBy = StopReason.Limit };
        Check("ok", paper);
        Check("unreliable", paper with { Mu = 29.9 });
        Check("unreliable", paper with { StepsAboveCeiling = 1 });
        Check("below exact", paper with { MiBits = 4.6 });
    }

    /// <summary>Where every row is its own class, log2 N bounds what the rows say and not what their source does.</summary>
    [Fact]
    public void An_estimator_of_the_source_is_not_held_against_rows_that_do_not_repeat()
    {
        var continuous = Good with
        {
            Estimator = "ksg",
            IsOfSource = true,
            MiBits = 0.6,
            ExactBits = Math.Log2(2000),
            K = 2000,
            StoppedBy = StopReason.None,
        };
        Check("ok", continuous);
        Check("below exact", continuous with { IsOfSource = false });
        Check("at ceiling", continuous with { IsOfSource = false, MiBits = Math.Log2(2000) });
        Check("unreliable", continuous with { Doubt = "20 columns" });
        Check("at ceiling", continuous with { MiBits = 9, ResolvableBits = 8.5 });
        Check("at ceiling", continuous with { MiBits = double.PositiveInfinity });
        Check("below exact", continuous with { K = 25, ExactBits = 4.644 });

        // A correction for the size of the sample lies below the exact value of the sample on purpose.
        Check("ok", continuous with { Estimator = "grassberger", K = 25, ExactBits = 0.64, MiBits = 0.6 });
    }

    /// <summary>A normal fit to 25 classes can read 40 bits of 4.6; chance is granted.</summary>
    [Fact]
    public void Nothing_is_above_the_exact_value_of_rows_that_repeat()
    {
        var fit = Good with { Estimator = "gaussian-shrunk", IsOfSource = true, MiBits = 4.7, StoppedBy = StopReason.None };
        Check("unreliable", fit);
        Check("unreliable", fit with { SamplingErrorBits = 0.01 });
        Check("ok", fit with { SamplingErrorBits = 0.02 });
        Check("ok", fit with { ExactStandardErrorBits = 0.02 });
        Check("ok", fit with { K = 2000 });
        Check("ok", fit with { Estimator = "chao-shen" });
    }

    [Fact]
    public void A_constant_side_is_known_whatever_the_sample()
    {
        Check("ok", Good with { K = 2000, KX = 1, KY = 2000, MiBits = 0, ExactBits = 0 });
        Check("at ceiling", Good with { K = 2000, KX = 2, KY = 2000, MiBits = 1, ExactBits = 1 });
    }

    /// <summary>It tells what y keeps of itself, whatever x is.</summary>
    [Fact]
    public void A_noisy_channel_is_not_held_against_the_exact_value()
    {
        Check("ok", Good with { Estimator = "noisy-channel", MiBits = 2 });
        Check("ok", Good with { Estimator = "noisy-channel", MiBits = 2, ExactBits = 0, KX = 1 });
    }

    [Fact]
    public void Seeds_that_disagree_make_each_of_them_unreliable()
    {
        var spread = SeedSpread.Apply([Good with { MiBits = 4.5 }, Good with { MiBits = 4.6 }, Good with { MiBits = 4.64 }]);
        Assert.Equal(3, spread.Count);
        Assert.All(spread, cell => Assert.Equal(0.0721110255, cell.SdBits, 1e-9)); // sqrt((.08^2 + .02^2 + .06^2) / 2)
        Assert.All(spread, cell => Check("unreliable", cell));
    }

    private static void Check(string expected, MutualInformation cell) => Assert.Equal(expected, cell.Verdict.Word());
}
