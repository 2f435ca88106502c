using System.Text.RegularExpressions;

namespace Emergence.Lab.Listings;

/// <summary>Instructions of a stretch of machine code by what they occupy.</summary>
/// <param name="Tensor">Matrix products: HMMA, HGMMA and their kin.</param>
/// <param name="Fma">Scalar multiply-adds of single and double precision.</param>
/// <param name="Loads">Loads from global or shared memory, tensor loads and copies into shared memory too.</param>
/// <param name="Other">All the rest.</param>
/// <param name="Local">Instructions of the rest that go to local memory: spills and indexed arrays.</param>
internal readonly record struct InstructionCounts(int Tensor, int Fma, int Loads, int Other, int Local)
{
    public int Total => Tensor + Fma + Loads + Other;

    /// <summary>Share of the issue slots that tensor instructions take.</summary>
    public double TensorShare => Total == 0 ? 0 : (double)Tensor / Total;

    /// <summary>Share of the issue slots that multiply-adds take.</summary>
    public double FmaShare => Total == 0 ? 0 : (double)Fma / Total;
}

/// <summary>Machine code of one kernel as nvdisasm -c lists it.</summary>
internal sealed partial class SassListing
{
    private readonly List<string> _opcodes = [];
    private readonly List<(int First, int Last)> _loops = [];

    private SassListing(string kernel, IEnumerable<string> lines)
    {
        Kernel = kernel;
        var labels = new Dictionary<string, int>();
        foreach (var line in lines)
        {
            if (Label().Match(line) is { Success: true } label)
                labels[label.Groups[1].Value] = _opcodes.Count;
            if (Instruction().Match(line) is not { Success: true } instruction)
                continue;
            _opcodes.Add(instruction.Groups["opcode"].Value.Split('.')[0]);

            // A jump to a label that was there already closes a loop; one to itself is the trap behind the end.
            var jump = Jump().Match(line);
            if (jump.Success && labels.TryGetValue(jump.Groups[1].Value, out var first) && first < _opcodes.Count - 1)
                _loops.Add((first, _opcodes.Count - 1));
        }
    }

    public string Kernel { get; }

    public InstructionCounts Whole => Count(0, _opcodes.Count - 1);

    /// <summary>
    /// The loop that does the work: from the whole kernel inwards, always into the loop with the most of its multiply-adds
    /// (tensor instructions if it has any), as long as that is at least half of them. The whole kernel if there is no loop.
    /// </summary>
    public InstructionCounts MainLoop
    {
        get
        {
            var whole = Whole;
            Func<InstructionCounts, int> work = whole.Tensor > 0 ? counts => counts.Tensor
                : whole.Fma > 0 ? counts => counts.Fma
                : counts => counts.Loads;
            var inside = (First: 0, Last: _opcodes.Count - 1);
            var isWhole = true;
            while (true)
            {
                var inner = _loops.Where(loop => loop != inside && loop.First >= inside.First && loop.Last <= inside.Last)
                    .OrderByDescending(loop => work(Count(loop))).ThenBy(loop => loop.Last - loop.First)
                    .FirstOrDefault((First: -1, Last: -1));
                if (inner.First < 0 || work(Count(inner)) == 0 || (!isWhole && 2 * work(Count(inner)) < work(Count(inside))))
                    return Count(inside);
                (inside, isWhole) = (inner, false);
            }
        }
    }

    /// <summary>One for each kernel of a listing.</summary>
    public static IReadOnlyList<SassListing> Parse(string listing)
    {
        var sections = Section().Split(listing);
        return [
            .. Enumerable.Range(0, sections.Length / 2).Select(i => new SassListing(sections[2 * i + 1], sections[2 * i + 2].Split('\n')))
        ];
    }

    private InstructionCounts Count((int First, int Last) range) => Count(range.First, range.Last);

    private InstructionCounts Count(int first, int last)
    {
        int tensor = 0, fma = 0, loads = 0, other = 0, local = 0;
        for (var i = first; i <= last; i++)
        {
            var opcode = _opcodes[i];
            if (opcode.EndsWith("MMA", StringComparison.Ordinal))
                tensor++;
            else if (opcode is "FFMA" or "DFMA" or "FFMA2")
                fma++;
            else if (opcode is "LDG" or "LDS" or "LDSM" or "LDGSTS" or "LD" or "UTMALDG" or "UBLKCP")
                loads++;
            else
                other++;
            if (opcode is "LDL" or "STL")
                local++;
        }

        return new(tensor, fma, loads, other, local);
    }

    [GeneratedRegex(@"^\.text\.(\w+):[^\n]*\n", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Section();

    [GeneratedRegex(@"^\s*(\.L_\w+):", RegexOptions.CultureInvariant)]
    private static partial Regex Label();

    [GeneratedRegex(@"^\s*/\*[0-9a-f]{4,}\*/\s+(@!?U?P\w+\s+)?(?<opcode>[A-Z][A-Z0-9_.]*)", RegexOptions.CultureInvariant)]
    private static partial Regex Instruction();

    [GeneratedRegex(@"\sBRA\b.*`\((\.L_\w+)\)", RegexOptions.CultureInvariant)]
    private static partial Regex Jump();
}
