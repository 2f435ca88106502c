using System.Security.Cryptography;
using Emergence.Files.Safetensors;

namespace Emergence.Tests.Checkpoints;

/// <summary>Expected is what SHA-256 makes of the whole.</summary>
public sealed class PassingDigestTests
{
    private const int Length = 9_000_017, Mega = 1 << 20;

    private readonly byte[] _file = Bytes();
    private readonly int[] _readAgain = new int[Length];

    [Fact]
    public void In_order_nothing_is_read_but_small_gaps_and_the_end()
    {
        var digest = Digest(0);
        for (var offset = 1000; offset < Length - 5000; offset += Mega)
            digest.Saw(offset, _file.AsSpan(offset, Math.Min(Mega, Length - 5000 - offset)));
        Assert.Equal(Expected(), digest.Finish());
        Assert.Equal(6000, _readAgain.Sum());
        Assert.All(Enumerable.Range(0, 1000).Concat(Enumerable.Range(Length - 5000, 5000)), at => Assert.Equal(1, _readAgain[at]));
        Assert.True(digest.HasPassed(Length));
        digest.Saw(0, _file.AsSpan(0, Mega));
        Assert.Equal(Expected(), digest.Finish());
    }

    [Fact]
    public void What_comes_ahead_of_its_turn_waits_within_the_bound()
    {
        const int Block = 2 * Mega;
        var digest = Digest(Block);
        foreach (var block in (int[])[0, 3, 1, 2])
        {
            Assert.Equal(0, _readAgain.Sum());
            digest.Saw(block * Block, _file.AsSpan(block * Block, Block));
            Assert.Equal(block != 3, digest.HasPassed((block + 1) * Block));
        }

        Assert.Equal(Block, _readAgain.Sum());
        Assert.True(digest.HasPassed(4 * Block));
        Assert.Equal(Expected(), digest.Finish());
    }

    /// <summary>The gap is read for the digest, and what is read of it later is not looked at.</summary>
    [Fact]
    public void Too_much_that_waits_is_not_waited_for()
    {
        const int Block = 2 * Mega;
        var digest = Digest(Block - 1);
        foreach (var block in (int[])[0, 3, 1, 2])
        {
            digest.Saw(block * Block, _file.AsSpan(block * Block, Block));
            Assert.Equal(block == 0 ? 0 : 3 * Block, _readAgain.Sum());
        }

        Assert.Equal(Expected(), digest.Finish());
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 3 * Mega)]
    [InlineData(3, long.MaxValue)]
    [InlineData(4, Mega)]
    [InlineData(5, long.MaxValue)]
    public void In_any_order_with_holes_and_repetitions_it_is_the_digest_of_the_file(int seed, long bound)
    {
        var random = new Random(seed);
        var digest = Digest(bound);
        for (var n = 0; n < 60; n++)
        {
            var start = random.Next(Length);
            digest.Saw(start, _file.AsSpan(start, Math.Min(random.Next(1, 2 * Mega), Length - start)));
        }

        Assert.Equal(Expected(), digest.Finish());
        Assert.All(_readAgain, times => Assert.InRange(times, 0, 1));
    }

    /// <summary>What was read before it was cancelled is not read again.</summary>
    [Fact]
    public void The_end_may_be_cancelled_and_gone_on_with()
    {
        using var cancellation = new CancellationTokenSource();
        var digest = Digest(0, offset =>
        {
            if (offset >= 4 * Mega)
                cancellation.Cancel();
        });
        digest.Saw(0, _file.AsSpan(0, Mega));
        Assert.Throws<OperationCanceledException>(() => digest.Finish(cancellation.Token));
        Assert.Equal(4 * Mega, _readAgain.Sum());
        Assert.Equal(Expected(), digest.Finish());
        Assert.Equal(Length - Mega, _readAgain.Sum());
    }

    [Fact]
    public void Threads_may_read_side_by_side()
    {
        var digest = Digest(long.MaxValue);
        Parallel.For(0, 90, piece => digest.Saw(piece * 100_000, _file.AsSpan(piece * 100_000, 100_000)));
        Assert.Equal(Expected(), digest.Finish());
    }

    private string Expected() => Convert.ToHexStringLower(SHA256.HashData(_file));

    private PassingDigest Digest(long bound, Action<long>? reads = null) => new(Length, bound, (offset, destination) =>
    {
        reads?.Invoke(offset);
        _file.AsSpan((int)offset, destination.Length).CopyTo(destination);
        for (var at = 0; at < destination.Length; at++)
            _readAgain[offset + at]++;
    });

    private static byte[] Bytes()
    {
        var bytes = new byte[Length];
        new Random(7).NextBytes(bytes);
        return bytes;
    }
}
