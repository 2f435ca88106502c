using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Emergence.Devices.Reference;
using Emergence.Files.Safetensors;
using Emergence.Models;

namespace Emergence.Tests.Models;

/// <summary>A small golden model with changes to its config and its tensors, written to a folder of its own.</summary>
internal sealed class ForgedModel
{
    private readonly SortedDictionary<string, (TensorDeclaration Declaration, byte[] Bytes)> _tensors = new(StringComparer.Ordinal);
    private string? _rawConfig;

    public ForgedModel(string name)
        : this(new DirectoryInfo(TestData.Golden($"models/{name}")))
    {
    }

    private ForgedModel(DirectoryInfo model)
    {
        var folder = model.FullName;
        Config = JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")))!.AsObject();
        using var file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        foreach (var entry in file.Tensors.Values)
        {
            var bytes = new byte[entry.ByteLength];
            file.Read(entry, 0, bytes);
            _tensors.Add(entry.Name, (new(entry.Name, entry.DType, entry.Shape), bytes));
        }
    }

    /// <summary>That of any folder.</summary>
    public static ForgedModel Of(string folder) => new(new DirectoryInfo(folder));

    public JsonObject Config { get; }

    public IEnumerable<string> Names => _tensors.Keys;

    public ForgedModel Set(string key, JsonNode? value)
    {
        Config[key] = value;
        return this;
    }

    public ForgedModel WithValue(string key, string json) => Set(key, JsonNode.Parse(json));

    public ForgedModel Without(params string[] keys)
    {
        foreach (var key in keys)
            Config.Remove(key);
        return this;
    }

    public ForgedModel WithRawConfig(string text)
    {
        _rawConfig = text;
        return this;
    }

    public ForgedModel Add(string name, string type, params long[] shape)
    {
        var bytes = shape.Aggregate(type == "BOOL" ? 1L : type is "F16" or "BF16" ? 2L : type == "I64" ? 8L : 4L, (a, b) => a * b);
        _tensors[name] = (new(name, type, [.. shape]), new byte[bytes]);
        return this;
    }

    public ForgedModel Add(string name, float[] values, params long[] shape)
    {
        _tensors[name] = (new(name, "F32", [.. shape]), MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        return this;
    }

    public ForgedModel Copy(string from, string to, Action<byte[]>? change = null)
    {
        var (declaration, bytes) = _tensors[from];
        bytes = [.. bytes];
        change?.Invoke(bytes);
        _tensors[to] = (declaration with { Name = to }, bytes);
        return this;
    }

    public ForgedModel Drop(string name)
    {
        Assert.True(_tensors.Remove(name));
        return this;
    }

    public ForgedModel Rename(Func<string, string> change)
    {
        foreach (var name in _tensors.Keys.ToArray())
        {
            var (declaration, bytes) = _tensors[name];
            _tensors.Remove(name);
            _tensors.Add(change(name), (declaration with { Name = change(name) }, bytes));
        }

        return this;
    }

    public string Write()
    {
        var folder = TestData.TemporaryFolder();
        File.WriteAllText(Path.Combine(folder, "config.json"), _rawConfig ?? Config.ToJsonString());
        using var writer = SafetensorsWriter.Create(Path.Combine(folder, "model.safetensors"),
            [.. _tensors.Values.Select(t => t.Declaration)]);
        foreach (var (name, tensor) in _tensors)
            writer.Append(name, tensor.Bytes);
        writer.Commit();
        return folder;
    }

    /// <summary>The message that loading fails with.</summary>
    public string LoadError(ModelOptions? options = null)
    {
        var folder = Write();
        using var device = new ReferenceDevice();
        var error = Assert.Throws<EmergenceException>(() => LanguageModel.Load(folder, device, options));
        Assert.DoesNotContain('\n', error.Message);
        return error.Message.Replace(folder, "MODEL", StringComparison.Ordinal);
    }

    /// <summary>Scores of the next token after a few tokens.</summary>
    public float[] Logits(ModelOptions? options = null)
    {
        using var device = new ReferenceDevice();
        using var model = LanguageModel.Load(Write(), device, options);
        return model.NextTokenLogits([5, 300, 7, 5, 211, 64, 8]);
    }

    public static void SetSingle(byte[] bytes, int index, float value) => MemoryMarshal.Write(bytes.AsSpan(index * sizeof(float)), value);
}
