using Emergence.Checkpoints;
using Emergence.Devices;
using Emergence.Models;

namespace Emergence.Tests.Models;

/// <summary>
/// Packed matrices that stay unpacked while their block is there. What lies unpacked is overwritten, so that the next use tells whether
/// the matrix was unpacked anew.
/// </summary>
public sealed class UnpackedMatricesTests : IDisposable
{
    private const float Mark = 4711;

    private readonly Device _device = DeviceTable.Create("cpu", new() { Threads = 1 });
    private readonly ModelConfig _config = ModelConfig.Read(FamilyTests.Folder("q-gptq"));
    private readonly Checkpoint _checkpoint = Checkpoint.Open(FamilyTests.Folder("q-gptq"));
    private readonly WeightFiles _files;
    private readonly PackedRows[] _block;

    public UnpackedMatricesTests()
    {
        _files = new(_config, _checkpoint, new());
        _block = [.. WeightPlan.Units(_config.Shape, _files.Has).Blocks[0].Select(_files.FindPacked)
            .OfType<Emergence.Checkpoints.Stored.StoredMatrix>().Select(matrix => new PackedRows(matrix, null, 0, matrix.Rows))];
    }

    public void Dispose()
    {
        foreach (var rows in _block)
            rows.Matrix.Dispose();
        _checkpoint.Dispose();
        _device.Dispose();
    }

    /// <summary>Queries and outputs of 128 squared, keys and values of half that, three of 160 times 128.</summary>
    [Fact]
    public void The_plan_counts_them()
    {
        const long Largest = 4 * 160 * 128, All = 4 * (3 * 128 * 128 + 3 * 160 * 128);
        foreach (var sizes in (WeightSizes[])[WeightSizes.Of(_config.Shape, _files), WeightSizes.Of(_config)])
        {
            Assert.Equal((Largest, All), (sizes.Unpacked, sizes.UnpackedBlock));
            Assert.Equal([Largest, Largest, Largest + 1000, All, All],
                ((long[])[-5, 0, 1000, All - Largest, All]).Select(sizes.UnpackedWithin));
            var (least, all) = (WeightChoice.Given(sizes, 2, default, ""), WeightChoice.Given(sizes, 2, default, "", All));
            Assert.Equal(All - Largest, all.Needed - least.Needed);
            Assert.Equal(All, WeightChoice.Of(_device, sizes, WeightPlacement.Streamed).Unpacked);
            Assert.Equal(Largest, WeightChoice.Of(_device, sizes, WeightPlacement.Streamed, besides: 2 * _device.AvailableBytes).Unpacked);
        }
    }

    [Fact]
    public void All_of_a_block_are_unpacked_once_where_they_fit()
    {
        using var memory = new UnpackedMatrices(_device, _files, WeightSizes.Of(_config).UnpackedBlock);
        Assert.All(_block, rows => Assert.False(IsKept(memory, rows)));
        Assert.All(_block, rows => Assert.True(IsKept(memory, rows)));
        Assert.All(_block.Reverse(), rows => Assert.True(IsKept(memory, rows)));
        memory.Leave();
        Assert.All(_block, rows => Assert.False(IsKept(memory, rows)));
    }

    [Fact]
    public void Where_only_one_fits_it_is_unpacked_whenever_its_turn_comes()
    {
        using var memory = new UnpackedMatrices(_device, _files);
        for (var pass = 0; pass < 2; pass++)
        {
            Assert.All(_block, rows => Assert.False(IsKept(memory, rows)));
            Assert.True(IsKept(memory, _block[^1]));
        }
    }

    /// <summary>Room for queries, keys, values and outputs, and the largest besides.</summary>
    [Fact]
    public void Where_some_fit_the_first_ones_stay_and_the_others_take_turns()
    {
        using var memory = new UnpackedMatrices(_device, _files, 4 * (3 * 128 * 128 + 160 * 128));
        Assert.Equal(7, _block.Length);
        Assert.All(_block, rows => Assert.False(IsKept(memory, rows)));
        for (var pass = 0; pass < 2; pass++)
            Assert.Equal([true, true, true, true, false, false, false], _block.Select(rows => IsKept(memory, rows)));
    }

    /// <summary>Parts of a matrix are kept apart.</summary>
    [Fact]
    public void Rows_of_a_matrix_are_those_of_the_whole()
    {
        using var memory = new UnpackedMatrices(_device, _files, WeightSizes.Of(_config).UnpackedBlock);
        var whole = Values(memory, _block[0]);
        var part = _block[0] with { Start = 40, Count = 3 };
        Assert.Equal(whole[(40 * 128)..(43 * 128)], Values(memory, part));
        Assert.False(IsKept(memory, part));
        Assert.Equal(whole, Values(memory, _block[0]));
        Assert.True(IsKept(memory, part));
    }

    /// <summary>Whether the matrix was there; afterwards it is, with another number in it.</summary>
    private bool IsKept(UnpackedMatrices memory, PackedRows rows)
    {
        var values = Values(memory, rows);
        var isKept = values[0] == Mark;
        values[0] = Mark;
        _device.Upload((ReadOnlySpan<float>)values, memory.Hold(rows));
        return isKept;
    }

    private float[] Values(UnpackedMatrices memory, PackedRows rows)
    {
        if (!rows.Matrix.IsLoaded)
            rows.Matrix.Load(allowNonFinite: false);
        var tensor = memory.Hold(rows);
        var values = new float[tensor.Count];
        _device.Download(tensor, values);
        return values;
    }
}
