using System.Runtime.InteropServices;
using System.Text.Json;
using Emergence.Checkpoints;
using Emergence.Checkpoints.Stored;
using Emergence.Files.Safetensors;
using Emergence.Tests.Devices;

namespace Emergence.Tests.Checkpoints.Stored;

/// <summary>Packs codes as the published forms do, by its own loops, into a checkpoint with one layer "m".</summary>
internal sealed class StoredForge
{
    private readonly List<(TensorDeclaration Declaration, byte[] Bytes)> _tensors = [];

    public StoredForge(int seed) => Random = new(seed);

    public Random Random { get; }

    public int[] Codes(int count, int bits) => [.. Enumerable.Range(0, count).Select(_ => Random.Next(1 << bits))];

    /// <summary>Numbers of which a half keeps every bit.</summary>
    public float[] Scales(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(Half)(Random.NextSingle() + 0.01f))];

    public StoredForge Add(string name, string type, int[] shape, byte[] bytes)
    {
        _tensors.RemoveAll(tensor => tensor.Declaration.Name == name);
        _tensors.Add((new(name, type, [.. shape.Select(size => (long)size)]), bytes));
        return this;
    }

    public StoredForge Add(string name, int[] shape, float[] values) =>
        Add(name, "F32", shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public StoredForge AddHalves(string name, int[] shape, float[] values) =>
        Add(name, "F16", shape, [.. values.SelectMany(value => BitConverter.GetBytes((Half)value))]);

    public StoredForge Add(string name, int[] shape, int[] values) =>
        Add(name, "I32", shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public StoredForge Add(string name, int[] shape, uint[] values) =>
        Add(name, "I32", shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    /// <summary>Numbers of a few bits one after the other, across the borders of words.</summary>
    public static uint[] Stream(IEnumerable<int> codes, int bits)
    {
        var list = codes.ToArray();
        var words = new uint[(list.Length * bits + 31) / 32];
        for (var i = 0; i < list.Length * bits; i++)
            words[i / 32] |= (uint)(list[i / bits] >> (i % bits) & 1) << (i % 32);
        return words;
    }

    /// <summary>As many numbers as fit whole into each word.</summary>
    public static uint[] Words(IEnumerable<int> codes, int bits) =>
        [.. codes.Chunk(32 / bits).Select(chunk => chunk.Select((code, i) => (uint)code << (i * bits)).Aggregate((a, b) => a | b))];

    /// <summary>Rows of a row-major matrix of the given width, each by the function; and the results' columns as rows.</summary>
    public static uint[] ByColumn(int[] codes, int columns, Func<IEnumerable<int>, uint[]> pack)
    {
        var packed = Enumerable.Range(0, columns).Select(column => pack(codes.Where((_, i) => i % columns == column))).ToArray();
        return [.. Enumerable.Range(0, packed[0].Length).SelectMany(word => packed.Select(list => list[word]))];
    }

    public static uint[] ByRow(int[] codes, int columns, Func<IEnumerable<int>, uint[]> pack) => [.. codes.Chunk(columns).SelectMany(pack)];

    /// <summary>The matrix as rows of outputs, unpacked in pieces; with the tensors it has claimed.</summary>
    public float[] Unpack(string settings, int outputs, int inputs)
    {
        using var checkpoint = Checkpoint.Open(Write());
        using var matrix = Form(settings).Find(new(checkpoint, "m", outputs, inputs));
        Assert.NotNull(matrix);
        Assert.Equal(checkpoint.Tensors.Keys.Order(StringComparer.Ordinal), matrix.Names.Order(StringComparer.Ordinal));
        matrix.Load(allowNonFinite: false);
        var values = new float[outputs * inputs];
        for (var row = 0; row < matrix.Rows;)
        {
            var count = Math.Min(1 + Random.Next(5), matrix.Rows - row);
            matrix.Unpack(row, count, values.AsSpan(row * matrix.Columns, count * matrix.Columns));
            row += count;
        }

        RequireForm(matrix, values);
        return matrix.InputMajor ? [.. Enumerable.Range(0, values.Length).Select(i => values[i % inputs * outputs + i / inputs])] : values;
    }

    /// <summary>What devices make of the form by themselves, to the last bit, is what the host has unpacked.</summary>
    private void RequireForm(StoredMatrix matrix, float[] values)
    {
        foreach (var device in TestDevices.OfForms)
        {
            var start = Random.Next(matrix.Rows);
            using var y = device.Allocate(matrix.Rows - start, matrix.Columns);
            device.Unpack(new(matrix, start), y);
            var found = new float[y.Count];
            device.Download(y, found);
            Assert.Equal(Bits(values.AsSpan(start * matrix.Columns)), Bits(found));
        }

        static int[] Bits(ReadOnlySpan<float> numbers) => MemoryMarshal.Cast<float, int>(numbers).ToArray();
    }

    /// <summary>The one-line message that finding or loading the matrix fails with.</summary>
    public string Error(string settings, int outputs, int inputs)
    {
        var folder = Write();
        using var checkpoint = Checkpoint.Open(folder);
        return Forge.Message(() =>
        {
            using var matrix = Form(settings).Find(new(checkpoint, "m", outputs, inputs));
            matrix!.Load(allowNonFinite: false);
        }).Replace(folder, "MODEL", StringComparison.Ordinal);
    }

    public static StoredForm Form(string settings)
    {
        var config = new ConfigReader(JsonDocument.Parse($$"""{"quantization_config": {{settings}}}""").RootElement);
        var form = StoredFormTable.Read(config)!;
        Assert.Empty(config.Unasked);
        return form;
    }

    private string Write()
    {
        var folder = TestData.TemporaryFolder();
        using var writer = SafetensorsWriter.Create(Path.Combine(folder, "model.safetensors"),
            [.. _tensors.Select(tensor => tensor.Declaration)]);
        foreach (var (declaration, bytes) in _tensors)
            writer.Append(declaration.Name, bytes);
        writer.Commit();
        return folder;
    }
}
