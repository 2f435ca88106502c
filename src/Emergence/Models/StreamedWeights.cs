using Emergence.Devices;

namespace Emergence.Models;

/// <summary>
/// Weights that stay on the disk: one block is in memory while rows pass it, and the next one is read meanwhile, but for experts:
/// each is read when a row is first sent to it, and stays as long as its block. What is small and belongs to no block stays; of
/// embeddings there are the rows of the tokens that occur; the head is read when it is first asked for, and stays.
/// </summary>
internal sealed class StreamedWeights : ModelWeights
{
    private readonly Device _device;
    private readonly ModelShape _shape;
    private readonly WeightFiles _files;
    private readonly UnpackedMatrices _unpacked;
    private readonly WeightLoader _kept;
    private readonly BlockReader? _reader;
    private readonly PassingMatrix? _passing;
    private WeightLoader? _ofBlock;
    private (int Layer, BlockWeights Weights)? _block;
    private Linear? _head;

    /// <param name="device">Computes.</param>
    /// <param name="shape">The shape of the model.</param>
    /// <param name="files">Its weights.</param>
    /// <param name="blocks">Blocks in memory at a time: 2, the second one being read; 1; or 0: matrices one after the other, which are
    /// read again for every tile of rows.</param>
    /// <param name="unpacked">Bytes for unpacked matrices.</param>
    public StreamedWeights(Device device, ModelShape shape, WeightFiles files, int blocks, long unpacked)
    {
        (_device, _shape, _files) = (device, shape, files);
        _unpacked = new(device, files, unpacked);
        _kept = new(device, files, _unpacked) { ReadsNeededRows = true };
        var units = WeightPlan.Units(shape, files.Has);
        HasHead = units.HasHead;
        if (blocks == 0)
            _passing = new(device, files, WeightSizes.Of(shape, files).LargestMatrix);
        else
            _reader = new(device, files, [.. units.Blocks.Select(block =>
                block.Where(weight => !weight.IsOfExperts).SelectMany(files.Entries).ToArray())], blocks);
        try
        {
            var builder = new WeightBuilder(shape, _kept);
            First = builder.First();
            FinalNorm = builder.FinalNorm();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override FirstWeights First { get; }

    public override Norm? FinalNorm { get; }

    public override bool HasHead { get; }

    public override Linear Head => _head ??= new WeightBuilder(_shape, _kept).Head(null)!;

    public override void Begin() => _reader?.Expect(0);

    public override BlockWeights Block(int layer)
    {
        if (_block is { } held && held.Layer == layer)
            return held.Weights;
        if (First.LayerInputs == null)
            _kept.ReleaseNeededRows();
        Leave();
        _ofBlock = new(_device, _files, _unpacked)
        {
            Staged = _reader?.Enter(layer),
            Passing = _passing,
            OfExperts = _reader == null ? null : new(_device, _files),
        };
        _block = (layer, new WeightBuilder(_shape, _ofBlock).Block(layer, First));
        return _block.Value.Weights;
    }

    public override void Dispose()
    {
        Leave();
        _reader?.Dispose();
        _passing?.Dispose();
        _kept.Dispose();
        _unpacked.Dispose();
    }

    private void Leave()
    {
        _block = null;
        _unpacked.Leave();
        _ofBlock?.Dispose();
        _ofBlock = null;
    }
}
