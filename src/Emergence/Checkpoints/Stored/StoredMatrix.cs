using Emergence.Devices.Packed;
using Emergence.Devices.Tensors;
using Emergence.Files.Safetensors;

namespace Emergence.Checkpoints.Stored;

/// <summary>
/// A matrix that stays packed in the host's memory. Its values are the products of code and scale in single precision, as
/// the programs that wrote the file define them.
/// </summary>
internal abstract class StoredMatrix : PackedMatrix, IDisposable
{
    private readonly StoredModule _module;
    private readonly StoredPart[] _parts;

    /// <param name="module">The layer; what it has taken and passed over belongs to this matrix.</param>
    /// <param name="inputMajor">Rows are inputs instead of outputs.</param>
    /// <param name="parts">What it is made of; null for what the checkpoint does not have.</param>
    protected StoredMatrix(StoredModule module, bool inputMajor, params ReadOnlySpan<StoredPart?> parts)
    {
        _module = module;
        InputMajor = inputMajor;
        _parts = [.. parts.ToArray().OfType<StoredPart>()];
    }

    public string Name => _module.Name;

    public bool InputMajor { get; }

    public override int Rows => InputMajor ? _module.Inputs : _module.Outputs;

    public override int Columns => InputMajor ? _module.Outputs : _module.Inputs;

    /// <summary>Tensors of the checkpoint that belong to the matrix.</summary>
    public IEnumerable<string> Names => _parts.Select(part => part.Entry.Name).Concat(_module.Passed);

    /// <summary>What it is made of.</summary>
    public IEnumerable<TensorEntry> Entries => _parts.Select(part => part.Entry);

    /// <summary>Memory of the packed matrix.</summary>
    public long Bytes => _parts.Sum(part => part.Entry.ByteLength);

    /// <summary>Whether the parts are in memory.</summary>
    public bool IsLoaded => Array.TrueForAll(_parts, part => part.IsLoaded);

    /// <summary>Reads the parts; those that are read <paramref name="once"/> leave the kernel's cache.</summary>
    public void Load(bool allowNonFinite, bool once = false)
    {
        foreach (var part in _parts)
            part.Load(_module.Checkpoint, allowNonFinite, once);
        CheckLoaded();
    }

    /// <summary>The parts have been read into memory of another; <paramref name="places"/> says where each begins.</summary>
    public void Place(HostBuffer memory, IReadOnlyDictionary<string, long> places)
    {
        foreach (var part in _parts)
            part.Place(memory, places[part.Entry.Name]);
        CheckLoaded();
    }

    /// <summary>
    /// One of so many matrices that lie below each other in this one and are read alone; null if they lie apart only when all is
    /// read.
    /// </summary>
    public virtual StoredMatrix? Part(int index, int count) => null;

    public void Dispose()
    {
        foreach (var part in _parts)
            part.Dispose();
    }

    /// <summary>The layer of one of so many parts.</summary>
    protected StoredModule ModuleOfPart(int count) => new(_module.Checkpoint, _module.Name, _module.Outputs / count, _module.Inputs);

    /// <summary>Throws if the bytes cannot be what they should be.</summary>
    protected virtual void CheckLoaded()
    {
    }

    /// <summary>Throws unless every index names one of the groups.</summary>
    protected void CheckGroups(StoredPart? indices, int groups)
    {
        if (indices == null)
            return;
        var values = indices.Elements<int>(0, (int)indices.Entry.Count);
        var wrong = values.IndexOfAnyExceptInRange(0, groups - 1);
        if (wrong >= 0)
            throw _module.Error($"{indices.Entry.Name}[{wrong}] is {values[wrong]}, expected 0 .. {groups - 1}");
    }
}
