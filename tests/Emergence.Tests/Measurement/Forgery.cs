using System.Text;
using System.Text.Json.Nodes;
using Emergence.Measurement.Run;

namespace Emergence.Tests.Measurement;

/// <summary>Journals that say what was not measured.</summary>
internal static class Forgery
{
    /// <summary>A copy in which one line has another value of information, and a right checksum.</summary>
    /// <param name="path">Of a journal.</param>
    /// <param name="copy">Made where nothing is.</param>
    /// <param name="line">Which, from 1; the first of a journal is its header.</param>
    public static void Copy(string path, string copy, int line)
    {
        using var journal = Journal.TryCreate(copy)!;
        foreach (var (n, bytes) in Journal.Read(path).Lines.Index())
        {
            var json = JsonNode.Parse(bytes)!;
            if (n == line - 1)
                json["mi_bits"] = (double)json["mi_bits"]! + 1;
            journal.Append(n == line - 1 ? Encoding.UTF8.GetBytes(json.ToJsonString()) : bytes);
        }
    }
}
